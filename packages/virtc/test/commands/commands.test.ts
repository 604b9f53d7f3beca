import { describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { buildProgram, commandOf, runCli } from "../../src/cli.ts";
import { commandNames } from "../../src/commands/table.ts";
import { clientAnnotation, nobody, removeAnnotation } from "../../src/sandbox/owner.ts";
import { noLibrary, testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, type Program, statusOf } from "../support/library.ts";

const forever: Program = async (_io, signals) => {
  for await (const signal of signals) if (signal !== "SIGHUP") return 143;
  return 0;
};

async function withContainer(...names: string[]) {
  const library = fakeLibrary(forever, [fakeImage("busybox")]);
  const context = testContext(() => library);
  for (const name of names) await runCli(["run", "-d", "--name", name, "busybox", "top"], context);
  library.calls.length = 0;
  const virtc = async (...argv: string[]) => {
    const fresh = testContext(() => library);
    const code = await runCli(argv, fresh);
    return { code, out: fresh.out(), err: fresh.err() };
  };
  return { library, virtc };
}

describe("the program", () => {
  it("has examples in the help of every command", async () => {
    const program = await buildProgram(testContext(noLibrary));
    const all = program.commands.flatMap((command) =>
      command.commands.length > 0 ? [command, ...command.commands] : [command],
    );
    const visible = all.filter((command) => !command.name().startsWith("_"));
    expect(visible.length).toBeGreaterThan(35);
    for (const command of visible) {
      const context = testContext(noLibrary);
      const parent = command.parent?.name() ?? "virtc";
      const path = parent === "virtc" ? [command.name()] : [parent, command.name()];
      expect(await runCli([...path, "--help"], context)).toBe(0);
      expect(context.out()).toMatch(/Examples:\n {2}\$ virtc /);
      expect(context.out()).not.toMatch(/\$ virtc [^\n]*undefined/);
    }
  });

  it("lists every command in its own help", async () => {
    const context = testContext(noLibrary);
    expect(await runCli([], context)).toBe(0);
    for (const name of commandNames.filter((name) => !name.startsWith("_"))) {
      expect(context.out()).toMatch(new RegExp(`^ +${name}\\b`, "m"));
    }
  });

  it("has help that fits the terminal, and no defaults that say nothing", async () => {
    for (const argv of [
      ["run", "--help"],
      ["help", "run"],
      ["help", "container", "create"],
    ]) {
      const context = testContext(noLibrary, { terminal: true });
      context.stdout.columns = 80;
      expect(await runCli(argv, context)).toBe(0);
      expect(context.out()).toMatch(/^Usage: virtc (run|container create) /);
      expect(context.out()).not.toContain("[])");
      const [, about = ""] = context.out().split("\n\n");
      const lines = about.split("\n");
      expect(lines.slice(0, -1).every((line) => line.length > 60)).toBe(true);
    }
  });

  it("has the version of its package", async () => {
    const context = testContext(noLibrary);
    expect(await runCli(["--version"], context)).toBe(0);
    expect(context.out()).toBe(`${packageJson.version}\n`);
  });

  it.each([
    [["run", "x"], "run"],
    [["--log-level", "debug", "ps"], "ps"],
    [["--log-level=debug", "ps"], "ps"],
    [["--help", "run"], undefined],
    [[], undefined],
  ])("finds the command in %j", (argv, name) => expect(commandOf(argv)).toBe(name));
});

describe("gc", () => {
  it("prints what it removed, one thing a line", async () => {
    const { library, virtc } = await withContainer();
    const { out } = await virtc("gc");
    expect(out).toBe(
      "sandbox half: its creation was not finished\n" +
        "container job\ufffd[2J of web: its creation was not finished\n",
    );
    expect(library.calls).toEqual(['gc {"dryRun":false,"stopped":false}']);
  });

  it("hands its options on", async () => {
    const { library, virtc } = await withContainer();
    const { out } = await virtc("gc", "--dry-run", "--stopped", "--json");
    expect(JSON.parse(out)).toMatchObject([
      { kind: "sandbox", name: "half" },
      { sandboxId: "web" },
    ]);
    expect(library.calls).toEqual(['gc {"dryRun":true,"stopped":true}']);
  });
});

describe("ps", () => {
  it("lists what runs, and with -a what has ended", async () => {
    const { library, virtc } = await withContainer("web", "job");
    const job = library.sandboxes.get("job");
    Object.assign(job ?? {}, { state: "stopped" });
    Object.assign(job?.containersStatus[0] ?? {}, { state: "stopped", exitCode: 3 });
    expect((await virtc("ps", "-q")).out).toBe("web\n");
    const { out } = await virtc("ps", "-a");
    expect(out).toMatch(/^SANDBOX +CONTAINER +IMAGE +COMMAND +CREATED +STATUS +PORTS\n/);
    expect(out).toMatch(/^web +web +busybox +top +\d+ days ago +Up \d+ days +-$/m);
    expect(out).toMatch(/^job .* Exited \(3\) +-$/m);
    const rows: unknown = JSON.parse((await virtc("ps", "-a", "--json")).out);
    expect(rows).toMatchObject([
      { sandbox: "job", state: "stopped", exitCode: 3, command: ["top"] },
      { sandbox: "web", state: "running", exitCode: null, vmmPid: 4711 },
    ]);
  });

  it("removes what --rm containers left when their client is gone, and nothing else", async () => {
    const { library, virtc } = await withContainer();
    const put = (id: string, annotations: Record<string, string>, state: "running" | "stopped") => {
      const status = statusOf({ id, annotations, containers: [{ id, image: "busybox" }] });
      Object.assign(status.containersStatus[0] ?? {}, { state });
      library.sandboxes.set(id, status);
    };
    const gone = { [clientAnnotation]: "1:1" };
    put("removed", { ...gone, [removeAnnotation]: "true" }, "stopped");
    put("detached", { [clientAnnotation]: nobody, [removeAnnotation]: "true" }, "stopped");
    put("stopped", gone, "stopped");
    put("alive", { ...gone, [removeAnnotation]: "true" }, "running");
    put("foreign", {}, "stopped");
    await virtc("ps", "-a");
    expect([...library.sandboxes.keys()]).toEqual(["stopped", "alive", "foreign"]);
    expect(library.calls.sort()).toEqual([
      "delete detached",
      "delete removed",
      "stop stopped gently",
    ]);
  });
});

describe("stop, kill, wait, rm", () => {
  it("stop asks, and then stops the VM", async () => {
    const { library, virtc } = await withContainer("web");
    expect(await virtc("stop", "web")).toEqual({ code: 0, out: "web\n", err: "" });
    expect(library.calls).toEqual(["kill web web SIGTERM", "stop web gently"]);
    expect((await virtc("stop", "web")).code).toBe(0);
  });

  it.each([
    ["QUIT", "SIGQUIT"],
    ["SIGRTMIN+3", "37"],
    ["nonsense", "SIGTERM"],
  ])("stop asks by the signal of the image: %s", async (stopSignal, signal) => {
    const { library, virtc } = await withContainer("web");
    const image = fakeImage("busybox");
    const container = library.sandboxes.get("web")?.containersStatus[0];
    if (container) container.imageDigest = image.digest;
    const config = { ...image.config, stopSignal };
    Object.assign(library.images, { get: async () => ({ ...image, config }) });
    expect((await virtc("stop", "web")).code).toBe(0);
    expect(library.calls).toEqual([`kill web web ${signal}`, "stop web gently"]);
  });

  it("stop -t 0 kills at once", async () => {
    const { library, virtc } = await withContainer("web");
    await virtc("stop", "-t", "0", "web");
    expect(library.calls).toEqual(["kill web web SIGKILL", "stop web gently"]);
  });

  it("kill sends the signal that is asked for", async () => {
    const { library, virtc } = await withContainer("web");
    await virtc("kill", "-s", "hup", "web");
    await virtc("kill", "web");
    expect(library.calls).toEqual(["kill web web SIGHUP", "kill web web SIGKILL"]);
  });

  it("wait prints the exit code", async () => {
    const { virtc } = await withContainer("web");
    const waited = virtc("wait", "web");
    await virtc("kill", "-s", "TERM", "web");
    expect(await waited).toEqual({ code: 0, out: "143\n", err: "" });
  });

  it("rm goes on past a name that is unknown, and fails", async () => {
    const { library, virtc } = await withContainer("one", "two");
    const { code, out, err } = await virtc("rm", "one", "none", "two");
    expect([code, out, err]).toEqual([125, "one\ntwo\n", "virtc: there is no sandbox none\n"]);
    expect(library.sandboxes.size).toBe(0);
  });
});

describe("exec", () => {
  it("passes the command, its output and exit code", async () => {
    const { virtc } = await withContainer("web");
    const other = fakeLibrary(async ({ write }, _signals, cmd) => {
      write(`${cmd.args.join(" ")} ${cmd.envs?.[0]?.value} ${cmd.user} ${cmd.workDir}`);
      return 3;
    });
    other.sandboxes.set("web", statusOf({ id: "web", containers: [{ id: "main", image: "b" }] }));
    const context = testContext(() => other);
    const argv = ["exec", "-e", "A=1", "-u", "me", "-w", "/x", "web", "ls", "-e", "x"];
    expect(await runCli(argv, context)).toBe(3);
    expect(context.out()).toBe("ls -e x 1 me /x");
    expect((await virtc("exec", "none", "ls")).code).toBe(125);
  });

  it("wants to know which of several containers", async () => {
    const library = fakeLibrary(async () => 0);
    const containers = ["a1", "b2"].map((id) => ({ id, image: "busybox" }));
    library.sandboxes.set("pod", statusOf({ id: "pod", containers }));
    const context = testContext(() => library);
    expect(await runCli(["exec", "pod", "ls"], context)).toBe(125);
    expect(context.err()).toContain("a1, b2");
    expect(await runCli(["exec", "--container", "b2", "pod", "ls"], context)).toBe(0);
  });
});

describe("image ls", () => {
  it("prints names, digests and sizes", async () => {
    const { virtc } = await withContainer();
    expect((await virtc("image", "ls")).out).toMatch(
      /^NAME +DIGEST +PLATFORM +SIZE +IMPORTED\nbusybox +abababababab +linux\/amd64 +4.5MB +\d+ days ago\n$/,
    );
    expect(JSON.parse((await virtc("image", "ls", "--json")).out)).toMatchObject([
      { names: ["busybox"] },
    ]);
  });
});
