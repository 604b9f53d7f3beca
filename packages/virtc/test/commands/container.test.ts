import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VirtError } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { fakeImage, fakeLibrary, type Program } from "../support/library.ts";
import { over } from "../support/virtc.ts";

async function inPod(program: Program = async () => 0) {
  const library = fakeLibrary(program, [fakeImage("busybox")]);
  const virtc = over(library);
  await virtc("sandbox", "run", "--id", "pod1");
  library.calls.length = 0;
  return { library, virtc };
}

describe("container create", () => {
  it("makes what the options say", async () => {
    const { library, virtc } = await inPod();
    const limits = ["--cpus", "0.5", "-m", "64m", "--pids-limit", "50", "--cpuset-cpus", "0-1"];
    const options = ["--id", "web", "--image", "busybox", ...limits, "-u", "nobody"];
    const made = await virtc("container", "create", ...options, "pod1", "httpd", "-f");
    expect(made).toEqual({ code: 0, out: "web\n", err: "" });
    expect(library.calls).toEqual(["create pod1 web", "release pod1"]);
    expect(library.containers).toMatchObject([
      {
        id: "web",
        image: "busybox",
        resources: {
          cpu: { quota: 50_000, period: 100_000, cpus: "0-1" },
          memory: { limit: 64 * 1024 ** 2 },
          pids: { limit: 50 },
        },
        cmd: { args: ["httpd", "-f"], user: "nobody", detach: true },
      },
    ]);
  });

  it("takes a file, and options before it", async () => {
    const { library, virtc } = await inPod();
    const folder = await mkdtemp(join(tmpdir(), "virtc-container-"));
    const path = join(folder, "container.json");
    const resources = { memory: { limit: 1e8 }, cpu: { shares: 100 } };
    const file = { id: "web", image: "busybox", resources, cmd: { args: ["top"], user: "me" } };
    await writeFile(path, JSON.stringify(file));
    const options = ["--config", path, "-w", "/tmp", "--cpus", "2"];
    expect((await virtc("container", "create", ...options, "pod1")).out).toBe("web\n");
    await rm(folder, { recursive: true });
    expect(library.containers).toMatchObject([
      {
        id: "web",
        image: "busybox",
        resources: { memory: { limit: 1e8 }, cpu: { shares: 100, quota: 200_000 } },
        cmd: { args: ["top"], user: "me", workDir: "/tmp", detach: true },
      },
    ]);
  });

  it.each([
    [["pod1"], "an image is missing"],
    [["--image", "busybox", "pod1", "--id", "web"], "a command can't begin with --id"],
    [["--image", "busybox", "--pids-limit", "0", "pod1"], '--pids-limit: "0" is not allowed'],
    [["--image", "busybox", "--cpuset-cpus", "a", "pod1"], '--cpuset-cpus: "a" is not allowed'],
    [["--image", "b", "--cpus", "1", "--cpu-quota", "5000", "pod1"], "--cpus can't be used with"],
    [["--image", "busybox"], "missing required argument 'sandbox'"],
  ])("refuses %j", async (argv, message) => {
    const { library, virtc } = await inPod();
    const { code, err } = await virtc("container", "create", ...argv);
    expect([code, library.calls]).toEqual([125, []]);
    expect(err).toContain(message);
  });
});

describe("the verbs of container", () => {
  const untilKilled: Program = async (_io, signals) => {
    for await (const signal of signals) if (signal === "SIGKILL") return 137;
    return 0;
  };

  it("start, kill, stop and delete the containers that are named", async () => {
    const { library, virtc } = await inPod(untilKilled);
    await virtc("container", "create", "--image", "busybox", "--id", "web", "pod1", "top");
    library.calls.length = 0;
    const on = (verb: string, ...options: string[]) =>
      virtc("container", verb, ...options, "pod1", "web");
    expect(await on("start")).toEqual({ code: 0, out: "web\n", err: "" });
    const refused = await on("delete");
    expect(refused.code).toBe(125);
    expect(refused.err).toContain("`virtc container delete -f pod1 web`");
    await on("kill", "-s", "hup");
    await on("stop", "-t", "0");
    await on("delete");
    expect(library.calls).toEqual([
      "start pod1 web",
      "kill pod1 web SIGHUP",
      "kill pod1 web SIGKILL",
      "stop pod1 web",
      "delete pod1 web",
    ]);
    expect((await on("start")).err).toBe("virtc: there is no container web\n");
  });

  it.each([
    ["stopped", 0],
    ["running", 125],
  ] as const)(
    "stop of one whose VM has ended with it, and that is %s: code %d",
    async (state, code) => {
      const { library, virtc } = await inPod();
      await virtc("container", "create", "--image", "busybox", "--id", "web", "pod1", "top");
      library.stopContainer = async (sandbox, name) => {
        (await library.statusContainer(sandbox, name)).state = state;
        throw new VirtError("INVALID_STATE", `${sandbox} is stopped`);
      };
      expect((await virtc("container", "stop", "-t", "0", "pod1", "web")).code).toBe(code);
    },
  );

  it("delete --force stops first", async () => {
    const { library, virtc } = await inPod();
    await virtc("container", "create", "--image", "busybox", "--id", "web", "pod1", "top");
    await virtc("container", "start", "pod1", "web");
    library.calls.length = 0;
    expect((await virtc("container", "delete", "-f", "pod1", "web")).code).toBe(0);
    expect(library.calls).toEqual(["stop pod1 web", "delete pod1 web"]);
  });

  it("status tells of all, or of those that are named", async () => {
    const { virtc } = await inPod();
    for (const id of ["web", "job"]) {
      await virtc("container", "create", "--image", "busybox", "--id", id, "pod1", "top");
    }
    expect((await virtc("container", "status", "pod1")).out).toMatch(/^pod1 +job +ready +busybox/m);
    const { code, out } = await virtc("container", "status", "--json", "pod1", "web", "none");
    expect(code).toBe(125);
    expect(JSON.parse(out)).toMatchObject([{ id: "web", state: "ready" }]);
  });

  it("enter runs a command", async () => {
    const { virtc } = await inPod(async ({ write }, _signals, cmd) => {
      write(cmd.args.join(" "));
      return 3;
    });
    const { code, out } = await virtc("container", "enter", "pod1", "web", "ls", "-i");
    expect([code, out]).toEqual([3, "ls -i"]);
  });
});
