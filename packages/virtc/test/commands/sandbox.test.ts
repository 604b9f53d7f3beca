import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";
import { over } from "../support/virtc.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "virtc-sandbox-"));
});
afterAll(() => rm(folder, { recursive: true }));

function setUp() {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
  return { library, virtc: over(library) };
}

describe("sandbox create", () => {
  it("makes a VM without containers, and prints its name", async () => {
    const { library, virtc } = setUp();
    const options = ["--id", "pod1", "--cpus", "2", "-m", "512m", "--annotation", "a=b"];
    const made = await virtc("sandbox", "create", ...options);
    expect(made).toEqual({ code: 0, out: "pod1\n", err: "" });
    expect(library.created).toEqual([
      {
        id: "pod1",
        hypervisorConfig: { numVCPUs: 2, memoryMiB: 512 },
        annotations: { a: "b" },
        containers: [],
        network: { networks: [{ name: "bridge" }] },
      },
    ]);
    expect((await virtc("pod", "create")).out).toMatch(/^[0-9a-f]{12}\n$/);
  });

  it("tells the VM when it ends by itself; options go before the file", async () => {
    const { library, virtc } = setUp();
    const times = ["--timeout", "8h", "--idle-timeout", "30m", "--on-timeout", "delete"];
    expect((await virtc("sandbox", "create", ...times)).code).toBe(0);
    expect(library.created[0]?.lifetime).toEqual({
      timeoutMs: 28_800_000,
      idleTimeoutMs: 1_800_000,
      onTimeout: "delete",
    });
  });

  it("makes one with a container that writes to its log", async () => {
    const { library, virtc } = setUp();
    const argv = [
      "--id",
      "pod1",
      "--cpus",
      "1.5",
      "--image",
      "busybox",
      "-e",
      "A=1",
      "httpd",
      "-f",
    ];
    expect((await virtc("sandbox", "run", ...argv)).code).toBe(0);
    expect(library.calls).toEqual(["run pod1", "release pod1"]);
    expect(library.created[0]?.containers).toMatchObject([
      {
        id: "main",
        image: "busybox",
        pull: "never",
        resources: { cpu: { quota: 150_000, period: 100_000 } },
        cmd: { args: ["httpd", "-f"], envs: [{ var: "A", value: "1" }], detach: true },
      },
    ]);
  });

  it("takes a file, and options before it", async () => {
    const { library, virtc } = setUp();
    const path = join(folder, "sandbox.json");
    const config = {
      id: "filed",
      hostname: "box",
      hypervisorConfig: { numVCPUs: 4, memoryMiB: 512 },
      containers: [
        { id: "c1", image: "busybox", cmd: { args: ["top"] } },
        { id: "c2", image: "busybox", cmd: { args: ["top"], detach: false } },
      ],
    };
    await writeFile(path, JSON.stringify(config));
    const made = await virtc("sandbox", "create", "--config", path, "--id", "mine", "--cpus", "2");
    expect(made).toEqual({ code: 0, out: "mine\n", err: "" });
    expect(library.created).toMatchObject([
      {
        id: "mine",
        hostname: "box",
        hypervisorConfig: { numVCPUs: 2, memoryMiB: 512 },
        containers: [{ cmd: { detach: true } }, { cmd: { detach: false } }],
      },
    ]);
  });

  it("takes standard input", async () => {
    const { library } = setUp();
    const context = testContext(() => library);
    context.stdin.end('{ "id": "piped" }');
    expect(await runCli(["sandbox", "create", "--config", "-"], context)).toBe(0);
    expect(context.out()).toBe("piped\n");
  });

  it.each([
    ['{ "id": "pod1", "cpus": 2 }', "cpus is not a known field"],
    ['{ "hypervisorConfig": { "memoryMiB": 1 } }', "hypervisorConfig.memoryMiB: 1 is not allowed"],
    ["{ id: 1 }", "is no JSON"],
    [" ".repeat(5 * 1024 ** 2), "larger than 4 MiB"],
  ])("refuses %.50j", async (text, message) => {
    const { library, virtc } = setUp();
    const path = join(folder, "wrong.json");
    await writeFile(path, text);
    const { code, err } = await virtc("sandbox", "create", "--config", path);
    expect([code, library.calls]).toEqual([125, []]);
    expect(err).toContain(message);
  });

  it.each([
    [["--config", "/no/such/file"], "can't read /no/such/file"],
    [["httpd"], "there is no container for the command"],
    [["--waits"], "there is no container for --waits"],
    [["--cpus", "0.5"], "a whole number for a VM without a container"],
    [["--image", "busybox", "--waits", "sh"], "--waits can't be used with a command"],
    [["--rootfs", "/srv"], "a command is missing"],
    [["--id", "x"], '--id: "x" is not allowed'],
  ])("refuses %j", async (argv, message) => {
    const { library, virtc } = setUp();
    const { code, err } = await virtc("sandbox", "create", ...argv);
    expect([code, library.calls]).toEqual([125, []]);
    expect(err).toContain(message);
  });
});

describe("the verbs of sandbox", () => {
  it("start, stop and delete each sandbox that is named", async () => {
    const { library, virtc } = setUp();
    for (const id of ["one", "two"]) await virtc("sandbox", "create", "--id", id);
    library.calls.length = 0;
    expect((await virtc("sandbox", "start", "one", "none", "two")).out).toBe("one\ntwo\n");
    expect(await virtc("sandbox", "stop", "one")).toEqual({ code: 0, out: "one\n", err: "" });
    expect((await virtc("sandbox", "delete", "one", "two")).code).toBe(0);
    expect(library.calls).toEqual([
      "start one",
      "start two",
      "stop one gently",
      "delete one",
      "delete two",
    ]);
    expect((await virtc("sandbox", "start", "one")).code).toBe(125);
  });

  it("pause and resume, whole or one container; stop lets it go on first", async () => {
    const { library, virtc } = setUp();
    await virtc("sandbox", "run", "--id", "pod1", "--image", "busybox", "top");
    library.calls.length = 0;
    expect(await virtc("pause", "pod1")).toEqual({ code: 0, out: "pod1\n", err: "" });
    await virtc("unpause", "pod1");
    await virtc("pause", "--container", "main", "pod1");
    await virtc("resume", "--container", "main", "pod1");
    await virtc("container", "pause", "pod1", "main");
    await virtc("container", "unpause", "pod1", "main");
    await virtc("pod", "pause", "pod1");
    expect((await virtc("rm", "pod1")).err).toContain("`virtc rm -f pod1`");
    await virtc("stop", "pod1");
    expect(library.calls).toEqual([
      ...["pause pod1", "resume pod1", "pause pod1 main", "resume pod1 main"],
      ...["pause pod1 main", "resume pod1 main", "pause pod1", "resume pod1"],
      ...["kill pod1 main SIGTERM", "stop pod1 gently"],
    ]);
  });

  it("list and status tell what there is", async () => {
    const { virtc } = setUp();
    expect((await virtc("sandbox", "list")).out).toMatch(/^SANDBOX +STATE .*\n$/);
    await virtc("sandbox", "run", "--id", "pod1", "--image", "busybox", "top");
    expect((await virtc("sandbox", "ls", "-q")).out).toBe("pod1\n");
    expect((await virtc("sandbox", "list")).out).toMatch(
      /^pod1 +running +qemu +- +- +1 +4711 +\d+ days ago$/m,
    );
    const { out } = await virtc("sandbox", "status", "pod1");
    expect(out).toMatch(/^pod1 +main +stopped +busybox +1 +0$/m);
    for (const verb of [["list"], ["status", "pod1"]]) {
      const parsed: unknown = JSON.parse((await virtc("sandbox", ...verb, "--json")).out);
      expect(parsed).toMatchObject([{ id: "pod1", containersStatus: [{ id: "main" }] }]);
    }
  });

  it("list and status tell of a share that nobody serves any more", async () => {
    const { library, virtc } = setUp();
    await virtc("sandbox", "create", "--id", "pod1");
    const shareDaemon = { pid: 4712, alive: false };
    Object.assign(library.sandboxes.get("pod1") ?? {}, { shareDaemon });
    for (const verb of [["list"], ["status", "pod1"]]) {
      expect((await virtc("sandbox", ...verb)).out).toMatch(/^pod1 +\w+ \(share dead\) +qemu/m);
      const parsed: unknown = JSON.parse((await virtc("sandbox", ...verb, "--json")).out);
      expect(parsed).toMatchObject([{ shareDaemon }]);
    }
  });
});
