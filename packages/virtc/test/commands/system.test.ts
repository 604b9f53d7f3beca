import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, statusOf } from "../support/library.ts";
import { over } from "../support/virtc.ts";

/** A container that runs, one that has ended, an image of each and one that nobody uses. */
function withThings() {
  const names = ["busybox", "spare"];
  const images = names.map((name, index) => ({
    ...fakeImage(name),
    digest: `sha256:${String(index).repeat(64)}`,
    sizeBytes: 3_000_000 * (index + 1),
  }));
  const library = fakeLibrary(async () => 0, images);
  const status = (id: string, state: "running" | "stopped", scratchPath?: string) => {
    const made = statusOf({ id, containers: [{ id: "main", image: "busybox" }] });
    const [container] = made.containersStatus;
    Object.assign(container ?? {}, { state, scratchPath, imageDigest: images[0]?.digest });
    library.sandboxes.set(id, Object.assign(made, { state }));
  };
  return { library, virtc: over(library), status };
}

function testFile(bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "virtc-df-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "disk"), Buffer.alloc(bytes, 1));
  return join(folder, "disk");
}

test("system df tells what takes room, and what of it nobody uses", async () => {
  const { library, virtc, status } = withThings();
  status("up", "running", testFile(40_960));
  status("down", "stopped", testFile(122_880));
  await library.volumes.create({ name: "gone" });
  const { out } = await virtc("system", "df");
  expect(
    out
      .trimEnd()
      .split("\n")
      .map((line) => line.split(/ {2,}/)),
  ).toEqual([
    ["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"],
    ["Images", "2", "1", "9.0MB", "6.0MB (66%)"],
    ["Containers", "2", "1", "164kB", "123kB (75%)"],
    ["Local Volumes", "1", "0", "0B", "0B"],
  ]);
  const format = "{{.Type}}:{{.TotalCount}}:{{.Active}}:{{.Reclaimable}}";
  expect((await virtc("system", "df", "--format", format)).out).toContain(
    "Images:2:1:6.0MB (66%)\n",
  );
  expect(JSON.parse((await virtc("system", "df", "--json")).out)).toContainEqual({
    type: "Containers",
    total: 2,
    active: 1,
    sizeBytes: 163_840,
    reclaimableBytes: 122_880,
  });
});

test("info counts what is there, by docker's names of fields", async () => {
  const { virtc, status } = withThings();
  status("up", "running");
  status("down", "stopped");
  for (const command of [["info"], ["system", "info"]]) {
    const { out } = await virtc(
      ...command,
      "--format",
      "{{.Containers}} {{.ContainersRunning}} {{.Images}} {{.OSType}}",
    );
    expect(out).toBe("2 1 2 linux\n");
  }
  expect((await virtc("info")).out).toMatch(
    /^Containers: 2\n Running: 1\n Paused: 0\n Stopped: 1\n/,
  );
  expect(JSON.parse((await virtc("info", "--json")).out)).toMatchObject({ ContainersStopped: 1 });
});

test("system prune removes what nobody uses, once it is told to", async () => {
  const { library, virtc, status } = withThings();
  status("down", "stopped");
  const unnamed = "a".repeat(64);
  await library.volumes.create({
    name: unnamed,
    labels: { "io.virtcontainers.virtc.anonymous": "" },
  });
  await library.volumes.create({ name: "mine" });
  const asked: unknown[] = [];
  library.collectGarbage = async (options) => {
    asked.push(options);
    return [
      { kind: "sandbox", name: "down", reason: "it is stopped" },
      { kind: "image", name: "staged", reason: "its pull was interrupted" },
    ];
  };
  const refused = await virtc("system", "prune");
  expect(refused).toMatchObject({ code: 125, err: expect.stringContaining("--force") });
  expect(asked).toEqual([]);

  const pruned = await virtc("system", "prune", "--force", "--json");
  expect(JSON.parse(pruned.out)).toMatchObject({ containers: ["down"], volumes: [] });
  expect(asked).toEqual([{ stopped: true }]);
  const more = await virtc("system", "prune", "-f", "--volumes", "--all");
  expect(more.out).toContain(`Removed volumes:\n${unnamed}\n`);
  expect((await library.volumes.list()).map(({ name }) => name)).toEqual(["mine"]);
});

test("container prune and volume prune ask nothing, also when they are told not to", async () => {
  const { library, virtc } = withThings();
  await library.volumes.create({ name: "spare" });
  library.collectGarbage = async (options) => [
    { kind: "sandbox", name: "down", reason: JSON.stringify(options) },
    { kind: "image", name: "staged", reason: "its pull was interrupted" },
  ];
  const { out } = await virtc("container", "prune", "-f", "--json");
  expect(JSON.parse(out)).toEqual({ removed: ["down"] });
  expect((await virtc("volume", "prune", "-f")).out).toBe("spare\n");
});

test.each([
  ["y\n", 0, 1],
  ["\n", 1, 0],
  ["", 1, 0],
])(
  "system prune asks on a terminal, and takes %j for an answer",
  async (answer, code, removals) => {
    const { library } = withThings();
    let removed = 0;
    library.collectGarbage = async () => {
      removed++;
      return [];
    };
    const context = testContext(() => library, { terminal: true });
    context.stdin.isTTY = true;
    if (answer === "") context.stdin.end();
    else context.stdin.write(answer);
    expect(await runCli(["system", "prune", "--volumes"], context)).toBe(code);
    expect(context.err()).toContain("all volumes without a name");
    expect(removed).toBe(removals);
  },
);
