import { expect, it, test } from "vitest";
import { fakeImage, fakeLibrary, type Program } from "../support/library.ts";
import { over } from "../support/virtc.ts";

const forever: Program = async (_io, signals) => {
  for await (const _ of signals) return 143;
  return 0;
};

async function withWeb() {
  const library = fakeLibrary(forever, [fakeImage("busybox")]);
  const virtc = over(library);
  await virtc("run", "-d", "--name", "web", "--annotation", "tier=front", "busybox", "httpd", "-f");
  return { library, virtc };
}

test.each([
  ["{{.Name}} {{.State.Status}} {{.State.Running}}", "/web running true\n"],
  ["{{.Config.Image}} {{join .Config.Cmd ` `}}", "busybox httpd -f\n"],
  ["{{.Config.Labels.tier}} {{index .Config.Labels `tier`}}", "front front\n"],
  ["{{.vmm.pid}} {{.State.Pid}}", "4711 4711\n"],
  ["{{json .Args}}", '["-f"]\n'],
])("inspect -f '%s'", async (format, out) => {
  const { virtc } = await withWeb();
  expect(await virtc("inspect", "-f", format, "web")).toEqual({ code: 0, out, err: "" });
  expect((await virtc("container", "inspect", "--format", format, "web")).out).toBe(out);
});

it("inspect tells what a template can name", async () => {
  const { virtc } = await withWeb();
  expect((await virtc("inspect", "-f", "{{.state.x}}", "web")).err).toContain("has no field x");
  expect((await virtc("inspect", "-f", "{{.Stat}}", "web")).err).toContain("State, Config");
});

it("events are printed by a template, which fits all of them", async () => {
  const { library, virtc } = await withWeb();
  const time = "2026-01-01T00:00:00.000Z";
  library.happened = [
    { type: "started", sandboxId: "web", time },
    { type: "exited", sandboxId: "web", containerId: "web", exitCode: 3, time },
  ];
  const { out } = await virtc("events", "--format", "{{.type}} {{.sandboxId}} {{.exitCode}}");
  expect(out).toBe("started web \nexited web 3\n");
});

test.each([
  [["-n", "1"], "three\n"],
  [["--since", "2026-01-01T00:00:02Z"], "two\nthree\n"],
  [["--until", "2026-01-01T00:00:02Z"], "one\ntwo\n"],
  [["-t", "--since", "2026-01-01T00:00:03Z"], "2026-01-01T00:00:03.000Z three\n"],
  [["--since", "2027-01-01"], ""],
])("logs %j", async (options, out) => {
  const { library, virtc } = await withWeb();
  library.log = ["one", "two", "three"].map((word, index) => ({
    stream: "stdout",
    time: new Date(Date.UTC(2026, 0, 1, 0, 0, index + 1)),
    data: Buffer.from(`${word}\n`),
  }));
  expect(await virtc("logs", ...options, "web")).toEqual({ code: 0, out, err: "" });
  expect((await virtc("container", "logs", ...options, "web")).out).toBe(out);
});

it("knows docker's names of commands of groups", async () => {
  const { library, virtc } = await withWeb();
  await library.volumes.create({ name: "data" });
  await library.networks.create({ name: "front" });
  expect((await virtc("container", "ls", "-q")).out).toBe("web\n");
  expect((await virtc("container", "list", "-aq")).out).toBe("web\n");
  expect((await virtc("container", "exec", "-d", "web", "true")).code).toBe(0);
  expect((await virtc("volume", "remove", "data")).out).toBe("data\n");
  expect((await virtc("network", "remove", "front")).out).toBe("front\n");
});

it("completes the names of volumes", async () => {
  const { library, virtc } = await withWeb();
  await library.volumes.create({ name: "data" });
  expect((await virtc("__complete", "--", "volume", "rm", "d")).out).toBe("data\tfolder\n");
  expect((await virtc("__complete", "--", "run", "-v", "da")).out).toContain("data:\t");
});
