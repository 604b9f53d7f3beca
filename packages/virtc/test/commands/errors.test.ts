import { VirtError } from "virtcontainers";
import { describe, expect, it } from "vitest";
import { runCli } from "../../src/cli.ts";
import { noLibrary, testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";

async function failing(argv: string[]): Promise<{ code: number; err: string; out: string }> {
  const context = testContext(noLibrary);
  const code = await runCli(argv, context);
  return { code, err: context.err(), out: context.out() };
}

describe("a wrong command line", () => {
  it.each([
    [["system", "x"], "unknown command 'x'", "See `virtc system --help`."],
    [["build", "x"], "unknown command 'build'", "\nThere is no builder: build with docker"],
    [["swarm"], "unknown command 'swarm'", "\nThere is no swarm"],
    [["run", "--device", "/dev/kvm", "x"], "unknown option '--device': devices of this host", ""],
    [["run", "--pid=host", "x"], '--pid: "host" is not allowed; it must be private', ""],
    [["bill"], "unknown command 'bill'", "\nSee `virtc --help`."],
    [["rnu"], "unknown command 'rnu'", "Did you mean run?"],
    [["run", "--nmae", "x", "busybox"], "unknown option '--nmae'", "Did you mean --name?"],
    [["--frobnicate"], "unknown option '--frobnicate'", "See `virtc --help`."],
    [["run"], "an image is missing", "See `virtc run --help`."],
    [["exec", "web"], "missing required argument 'command'", "See `virtc exec --help`."],
    [["ps", "extra"], "too many arguments", "See `virtc ps --help`."],
    [["run", "--pull", "often", "busybox"], "--pull", "Allowed choices are missing, always, never"],
    [["run", "--memory", "0", "busybox"], '--memory: "0" is not allowed', ""],
    [["run", "--memory", "-1", "busybox"], '--memory: "-1" is not allowed', ""],
    [["run", "--memory", "10t", "busybox"], '--memory: "10t" is not allowed', "to 4t"],
    [["run", "--memory", "abc", "busybox"], '--memory: "abc" is not allowed', ""],
    [["run", "--name", "a/b", "busybox"], '--name: "a/b" is not allowed', ""],
    [["run", "--name", "-x", "busybox"], '--name: "-x" is not allowed', ""],
    [["run", "--workdir", "tmp", "busybox"], '--workdir: "tmp" is not allowed', "absolute"],
    [["run", "--hypervisor", "xen", "busybox"], '--hypervisor: "xen" is not allowed', ""],
    [["run", "--kernel", "vmlinux", "busybox"], '--kernel: "vmlinux" is not allowed', ""],
    [
      ["run", "-d", "--timeout", "500ms", "busybox"],
      '--timeout: "500ms" is not allowed',
      "a second",
    ],
    [
      ["run", "-d", "--timeout", "1s", "--network", "container:web", "busybox"],
      "--timeout can't be used with --detach and --network container:web",
      "that of web",
    ],
    [["sandbox", "create", "--on-timeout", "delete"], "--on-timeout", "needs --timeout"],
    [["run", "--rootfs", "/srv"], "a command is missing", ""],
    [["run", "-it", "busybox"], "needs a terminal", "Leave out -t"],
    [["kill", "-s", "NOPE", "web"], '--signal: "NOPE" is not allowed', ""],
    [["stop", "-t", "soon", "web"], '--time: "soon" is not allowed', ""],
    [["logs", "--tail", "x", "web"], "--tail <lines>'", "whole number"],
    [
      ["image", "pul", "x"],
      "unknown command 'pul'",
      "Did you mean pull? See `virtc image --help`.",
    ],
    [["image", "pull"], "missing required argument 'image'", "See `virtc image pull --help`."],
    [["pod", "strat", "x"], "unknown command 'strat'", "Did you mean start?"],
    [["completion", "tcsh"], "Allowed choices are bash, zsh, fish", ""],
  ])("%j", async (argv, message, hint) => {
    const { code, err, out } = await failing(argv);
    expect(code).toBe(125);
    expect(out).toBe("");
    expect(err.startsWith("virtc: ")).toBe(true);
    expect(err).toContain(message);
    expect(err).toContain(hint);
    expect(err.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  });
});

describe("a failing library", () => {
  it.each([
    [
      "containers.0.mounts.0.source",
      '"/no" is not allowed',
      '--volume /no:/a: source: "/no" is not',
    ],
    ["containers.0.mounts.1.options.0", '"x" is not allowed', '--tmpfs /t: options: "x" is not'],
    ["containers.0.cmd.envs.3.var", '"" is not allowed', '--env: "" is not'],
    ["containers.0.resources.pids.limit", "9 is not allowed", "--pids-limit: 9 is not"],
    ["hypervisorConfig.memoryMiB", "1024000 is not allowed", "--memory: 1000g is not"],
  ])("tells the field %s by what was typed", async (field, rest, told) => {
    const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
    const error = new VirtError("INVALID_ARGUMENT", `${field}: ${rest}`, { field });
    library.runSandbox = () => Promise.reject(error);
    const context = testContext(() => library);
    const options = ["-m", "1000g", "-v", "/no:/a", "--tmpfs", "/t"];
    expect(await runCli(["run", ...options, "busybox"], context)).toBe(125);
    expect(context.err()).toContain(`virtc: ${told}`);
  });

  it("tells a wrong name without the library's name for it", async () => {
    const library = fakeLibrary(async () => 0);
    const field = "sandboxId";
    const error = new VirtError("INVALID_ARGUMENT", `${field}: "s" is not allowed`, { field });
    library.statusSandbox = () => Promise.reject(error);
    const context = testContext(() => library);
    expect(await runCli(["inspect", "s"], context)).toBe(125);
    expect(context.err()).toBe('virtc: the name: "s" is not allowed\n');
  });

  const throwing = (error: Error) => {
    const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
    library.runSandbox = () => Promise.reject(error);
    return testContext(() => library);
  };

  it.each([
    [new VirtError("COMMAND_NOT_FOUND", 'exec: "foo": not found in PATH'), 127],
    [new VirtError("COMMAND_NOT_EXECUTABLE", "exec: permission denied"), 126],
    [new VirtError("BOOT_FAILED", "the guest did not come up"), 125],
    [new Error("boom"), 125],
  ])("%s ends with %d", async (error, code) => {
    const context = throwing(error);
    expect(await runCli(["run", "busybox", "foo"], context)).toBe(code);
    expect(context.err()).toContain(error.message);
  });

  it("shows hint and console, without what could steer the terminal", async () => {
    const context = throwing(
      new VirtError("BOOT_FAILED", "the guest did not come up", {
        hint: "Look at the kernel.",
        consoleTail: "line 1\nevil \u001b[2J\n",
      }),
    );
    await runCli(["run", "busybox"], context);
    expect(context.err()).toBe(
      "virtc: the guest did not come up\nLook at the kernel.\n" +
        "The guest's console ended with:\n  line 1\n  evil \ufffd[2J\n",
    );
  });

  it("speaks of options, not of fields", async () => {
    const context = throwing(
      new VirtError("INVALID_ARGUMENT", 'containers.0.rootFs.target: "/x" is no folder', {
        field: "containers.0.rootFs.target",
      }),
    );
    await runCli(["run", "--rootfs", "/x", "sh"], context);
    expect(context.err()).toBe('virtc: --rootfs: "/x" is no folder\n');
  });

  it("ends with 130 when Ctrl-C comes before the container runs", async () => {
    const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
    const context = testContext(() => library);
    library.runSandbox = (_config, options) =>
      new Promise((_, reject) => {
        options?.signal?.addEventListener("abort", () => reject(new VirtError("CANCELED", "x")));
        context.signals.emit("SIGINT", "SIGINT");
      });
    expect(await runCli(["run", "busybox"], context)).toBe(130);
    expect(context.err()).toBe("");
  });
});
