import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { runCli } from "../../src/cli.ts";
import { clientAnnotation, removeAnnotation } from "../../src/sandbox/owner.ts";
import { testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary, type Program } from "../support/library.ts";
import { over } from "../support/virtc.ts";

const exits3: Program = async () => 3;
const forever: Program = async (_io, signals) => {
  for await (const signal of signals) if (signal !== "SIGHUP") return 143;
  return 0;
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "life-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function setUp(program: Program) {
  const library = fakeLibrary(program, [fakeImage("busybox")]);
  return { library, virtc: over(library) };
}

describe("create", () => {
  it("makes what run makes, and starts nothing", async () => {
    const { library, virtc } = setUp(forever);
    const words = ["create", "--name", "web", "-it", "--rm", "busybox", "sh", "-c", "true"];
    expect(await virtc(...words)).toEqual({ code: 0, out: "web\n", err: "" });
    expect(library.calls).toEqual(["create web", "release web"]);
    expect(library.created).toMatchObject([
      {
        id: "web",
        exitWith: "web",
        containers: [
          { cmd: { args: ["sh", "-c", "true"], terminal: true, interactive: true, detach: true } },
        ],
      },
    ]);
    expect((await virtc("ps", "-a", "--format", "{{.Names}} {{.Status}}")).out).toBe(
      "web Created\n",
    );
  });
});

describe("start", () => {
  it("starts what is made or has ended, and what runs goes on", async () => {
    const { library, virtc } = setUp(forever);
    await virtc("create", "--name", "web", "busybox");
    library.calls.length = 0;
    for (let i = 0; i < 2; i++)
      expect(await virtc("start", "web")).toEqual({ code: 0, out: "web\n", err: "" });
    expect(library.calls).toEqual(["start web"]);
    expect((await virtc("start", "none", "web")).code).toBe(125);
  });

  it("sends the output of what ran in the foreground to the log", async () => {
    const { library, virtc } = setUp(exits3);
    expect((await virtc("run", "--name", "job", "busybox")).code).toBe(3);
    library.calls.length = 0;
    await virtc("start", "job");
    expect(library.calls).toEqual(["start job", "output job log", "release job"]);
  });

  it("with -a shows what the log has, until the end, and has its exit code", async () => {
    const { library, virtc } = setUp(exits3);
    await virtc("create", "--name", "job", "busybox");
    const time = new Date(0);
    library.log = [
      { stream: "stdout", time, data: Buffer.from("out\n") },
      { stream: "stderr", time, data: Buffer.from("err\n") },
    ];
    expect(await virtc("start", "-a", "job")).toEqual({ code: 3, out: "out\n", err: "err\n" });
    expect(library.sandboxes.get("job")?.annotations[clientAnnotation]).toMatch(/^\d+:\d+$/);
    expect((await virtc("start", "-a", "job", "web")).err).toContain(
      "-a and -i take one container",
    );
  });

  it("removes what was made with --rm when it has ended", async () => {
    const { library, virtc } = setUp(exits3);
    await virtc("create", "--rm", "--name", "job", "busybox");
    expect(library.sandboxes.get("job")?.annotations[removeAnnotation]).toBe("true");
    expect((await virtc("start", "-a", "job")).code).toBe(3);
    expect([...library.sandboxes.keys()]).toEqual([]);
  });

  it("tells what to do with what is paused", async () => {
    const { virtc } = setUp(forever);
    await virtc("run", "-d", "--name", "web", "busybox");
    await virtc("pause", "web");
    expect((await virtc("start", "web")).err).toContain("virtc resume web");
  });
});

it("restart stops and starts", async () => {
  const { library, virtc } = setUp(forever);
  await virtc("run", "-d", "--name", "web", "busybox");
  library.calls.length = 0;
  expect(await virtc("restart", "-t", "5", "web")).toEqual({ code: 0, out: "web\n", err: "" });
  expect(library.calls).toEqual(["kill web web SIGTERM", "stop web gently", "start web"]);
});

describe("attach", () => {
  async function attached(...words: string[]) {
    const { library } = setUp(forever);
    const virtc = over(library);
    await virtc("run", "-dit", "--name", "shell", "busybox");
    library.log = [{ stream: "stdout", time: new Date(0), data: Buffer.from("/ # ") }];
    const context = testContext(() => library, { terminal: true });
    Object.assign(context.stdin, { isTTY: true });
    const done = runCli(["attach", ...words, "shell"], context);
    return { library, context, done };
  }

  it("shows the last of a terminal, and the keys leave the container running", async () => {
    const { library, context, done } = await attached();
    context.stdin.write("ls\u0010\u0011");
    expect(await done).toBe(0);
    expect(context.out()).toBe("/ # ");
    expect(library.sandboxes.get("shell")?.state).toBe("running");
    expect(library.calls).toContain("size shell 24x80");
  });

  it("takes other keys", async () => {
    const { context, done } = await attached("--detach-keys", "ctrl-x,d");
    context.stdin.write("\u0010\u0011\u0018");
    context.stdin.write("d");
    expect(await done).toBe(0);
  });

  it("hands signals on, and without --sig-proxy ends by them", async () => {
    const first = await attached("--no-stdin");
    await expect.poll(() => first.context.out()).toContain("# ");
    first.context.signals.emit("SIGTERM", "SIGTERM");
    expect(await first.done).toBe(143);
    expect(first.library.calls).toContain("signal shell SIGTERM");
    const second = await attached("--no-stdin", "--sig-proxy=false");
    await expect.poll(() => second.context.out()).toContain("# ");
    second.context.signals.emit("SIGINT", "SIGINT");
    expect(await second.done).toBe(130);
    expect(second.library.calls).not.toContain("signal shell SIGINT");
  });

  it("tells why it can't", async () => {
    const { virtc } = setUp(forever);
    await virtc("create", "--name", "web", "busybox");
    expect((await virtc("attach", "web")).err).toContain("virtc start -a web");
    await virtc("run", "-dit", "--name", "shell", "busybox");
    expect((await virtc("attach", "shell")).err).toContain("virtc attach --no-stdin");
  });
});

test("--detach-keys and --sig-proxy are checked", async () => {
  const { virtc } = setUp(forever);
  for (const verb of ["run", "start", "attach"]) {
    expect((await virtc(verb, "--detach-keys", "ctrl-1", "-a", "x")).code).toBe(125);
    expect((await virtc(verb, "--sig-proxy=maybe", "x")).code).toBe(125);
  }
  expect((await virtc("exec", "--detach-keys", "ctrl-1", "x", "y")).err).toContain("--detach-keys");
});

describe("how a container is to be stopped", () => {
  test("is noted when it is made, and --time goes before it", async () => {
    const { library, virtc } = setUp(forever);
    const stop = ["--stop-signal", "USR1", "--stop-timeout", "7"];
    await virtc("run", "-d", "--name", "web", ...stop, "busybox");
    library.calls.length = 0;
    await virtc("stop", "web");
    expect(library.calls).toEqual(["kill web web SIGUSR1", "stop web gently"]);
    const json: unknown = JSON.parse((await virtc("ps", "-a", "--format", "json")).out);
    expect(json).toMatchObject({ Labels: "" });
  });

  test.each([
    ["--stop-signal", "NOPE"],
    ["--stop-timeout", "-1"],
  ])("%s %s is refused", async (option, value) => {
    const { virtc } = setUp(forever);
    expect((await virtc("run", option, value, "busybox")).err).toContain(option);
  });
});

describe("--cidfile", () => {
  test("has the name, and must not be there", async () => {
    const { library, virtc } = setUp(forever);
    const path = join(folder, "cid");
    await virtc("run", "-d", "--name", "web", "--cidfile", path, "busybox");
    expect(readFileSync(path, "utf8")).toBe("web");
    const again = await virtc("create", "--name", "two", "--cidfile", path, "busybox");
    expect(again).toMatchObject({ code: 125, out: "" });
    expect(again.err).toContain(`--cidfile: ${path} can't be made`);
    expect(library.created).toHaveLength(1);
  });

  test("goes when nothing is made", async () => {
    const { virtc } = setUp(forever);
    const path = join(folder, "cid");
    expect((await virtc("run", "-d", "--cidfile", path, "nothing")).code).toBe(125);
    expect(existsSync(path)).toBe(false);
    writeFileSync(path, "");
  });
});

test("rm -f of what is not there is no error, and rm of it is", async () => {
  const { virtc } = setUp(forever);
  expect(await virtc("rm", "-f", "none")).toEqual({ code: 0, out: "", err: "" });
  expect((await virtc("rm", "none")).code).toBe(125);
});

test("what a container writes outlives its VM, unless it is removed or can write nothing", async () => {
  const { library, virtc } = setUp(exits3);
  const scratch = async (...words: string[]) => {
    await virtc("run", ...words, "busybox");
    return library.created.at(-1)?.containers?.[0]?.scratchMiB;
  };
  expect(await scratch()).toBe(2048);
  expect(await scratch("--scratch", "16m")).toBe(16);
  expect(await scratch("--rm")).toBeUndefined();
  expect(await scratch("--read-only")).toBeUndefined();
});
