import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ImportOptions } from "virtcontainers";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCli } from "../../src/cli.ts";
import { noLibrary, testContext } from "../support/context.ts";
import { fakeImage, fakeLibrary } from "../support/library.ts";
import { over } from "../support/virtc.ts";

const image = { ...fakeImage("app"), names: ["app"] };
const library = () => fakeLibrary(async () => 0, [image]);

describe("words of docker about images", () => {
  it("are those of the group image", async () => {
    for (const [word, ...path] of [
      ["images", "image", "ls"],
      ["rmi", "image", "rm"],
      ["pull", "image", "pull"],
      ["push", "image", "push"],
      ["tag", "image", "tag"],
      ["load", "image", "load"],
      ["save", "image", "save"],
      ["import", "image", "import"],
      ["history", "image", "history"],
    ]) {
      const [short, long] = [testContext(noLibrary), testContext(noLibrary)];
      expect(await runCli([word ?? "", "--help"], short)).toBe(0);
      expect(await runCli([...path, "--help"], long)).toBe(0);
      const asShort = long.out().replaceAll(`virtc ${path.join(" ")}`, `virtc ${word}`);
      expect(short.out()).toBe(asShort.replace(/\|(list|remove)/, ""));
    }
  });

  it("print what docker prints", async () => {
    const virtc = over(library());
    expect(await virtc("push", "app")).toMatchObject({
      code: 0,
      out: `app: digest: ${image.digest} size: 1\n`,
    });
    expect(await virtc("push", "-q", "app")).toMatchObject({ code: 0, out: "app\n" });
    expect(await virtc("load", "-i", "x.tar")).toMatchObject({
      code: 0,
      out: "Loaded image: app\n",
    });
    expect(await virtc("tag", "app", "b:1")).toMatchObject({ code: 0, out: "" });
    expect((await virtc("history", "app")).out).toMatch(
      /^IMAGE +CREATED +CREATED BY +SIZE +COMMENT\n[0-9a-f]{12} +/,
    );
    expect(await virtc("logout")).toMatchObject({
      code: 0,
      out: "Removing login credentials for docker.io\n",
    });
  });

  it("leave a failure where there is no image, but for rmi --force", async () => {
    const virtc = over(library());
    expect((await virtc("rmi", "none")).code).toBe(125);
    const forced = await virtc("rmi", "-f", "none", "app");
    expect(forced).toMatchObject({ code: 0, out: "app\n" });
    expect(forced.err).toContain("none");
  });
});

describe("save", () => {
  it("writes a file when it is whole, or to standard output", async () => {
    const folder = mkdtempSync(join(tmpdir(), "virtc-save-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const virtc = over(library());
    const path = join(folder, "a.tar");
    expect(await virtc("save", "-o", path, "app")).toMatchObject({ code: 0, out: "" });
    expect(readFileSync(path, "utf8")).toBe("archive");
    expect((await virtc("save", "app")).out).toBe("archive");
    const failing = library();
    failing.images.save = async (_names, write) => {
      await write(Buffer.from("half"));
      throw new Error("broken");
    };
    expect((await over(failing)("save", "-o", path, "app")).code).toBe(125);
    expect(readFileSync(path, "utf8")).toBe("archive");
    expect(readdirSync(folder)).toEqual(["a.tar"]);
  });

  it("writes no archive to a terminal, and load reads none from one", async () => {
    const context = testContext(noLibrary, { terminal: true });
    expect(await runCli(["save", "app"], context)).toBe(125);
    expect(context.err()).toContain("--output FILE");
    const other = testContext(noLibrary);
    other.stdin.isTTY = true;
    expect(await runCli(["load"], other)).toBe(125);
    expect(other.err()).toContain("--input FILE");
  });
});

describe("commit", () => {
  async function committed(words: string[], failing = false) {
    const fake = fakeLibrary(
      async (_io, signals) => {
        for await (const _ of signals) return 0;
        return 0;
      },
      [image],
    );
    const run = over(fake);
    await run("run", "-d", "--name", "web", "app", "top");
    const given: { options?: ImportOptions; text?: string } = {};
    const status = fake.statusContainer;
    fake.statusContainer = async (...names) => ({
      ...(await status(...names)),
      imageDigest: image.digest,
    });
    fake.images.get = async () => image;
    fake.images.history = async () => [{ createdBy: "last", sizeBytes: 1 }, { createdBy: "first" }];
    fake.images.import = async (from, options = {}) => {
      given.options = options;
      if (failing) throw new Error("no room");
      const parts: Uint8Array[] = [];
      if (typeof from !== "string") for await (const part of from) parts.push(part);
      given.text = Buffer.concat(parts).toString();
      return image;
    };
    return { ...(await run("commit", ...words)), ...given };
  }

  it("makes an image of the container's files, with its image's configuration and steps", async () => {
    const { code, out, options } = await committed([
      ...["-a", "me", "-m", "note", "-c", "ENV NEW=1", "web", "app:2"],
    ]);
    expect({ code, out }).toEqual({ code: 0, out: `${image.digest}\n` });
    expect(options?.name).toBe("app:2");
    expect(options?.config).toEqual({ ...image.config, env: [...image.config.env, "NEW=1"] });
    expect(options?.history).toEqual([
      { createdBy: "first" },
      { createdBy: "last" },
      {
        createdAt: expect.any(String),
        createdBy: "virtc commit",
        author: "me",
        comment: "note",
      },
    ]);
  });

  it("fails as the store does, and refuses what is no instruction before anything is read", async () => {
    const { code, err } = await committed(["web", "app:2"], true);
    expect(code).toBe(125);
    expect(err).toContain("no room");
    const wrong = await committed(["-c", "RUN x", "web", "app:2"]);
    expect(wrong.code).toBe(125);
    expect(wrong.options).toBeUndefined();
  });
});

describe("login", () => {
  async function login(argv: string[], typed: string, terminal = false) {
    const given: unknown[] = [];
    const fake = library();
    fake.images.login = async (registry, { username, password }) => {
      given.push([registry, username, password]);
      return { file: "/home/config.json" };
    };
    const context = testContext(() => fake);
    const raw: boolean[] = [];
    if (terminal) {
      context.stdin.isTTY = true;
      context.stdin.setRawMode = (on) => raw.push(on);
      const lines = typed.split("\n");
      context.stderr.on("data", (text) => {
        if (String(text).endsWith(": ")) context.stdin.write(`${lines.shift()}\r`);
      });
    } else context.stdin.end(typed);
    const code = await runCli(["login", ...argv], context);
    return { code, given, raw, out: context.out(), err: context.err() };
  }

  it("takes the password from standard input", async () => {
    const words = ["-u", "alice", "--password-stdin", "r.example:5000"];
    const { code, given, out, err } = await login(words, "s3 cret\n");
    expect({ code, out }).toEqual({ code: 0, out: "Login Succeeded\n" });
    expect(given).toEqual([["r.example:5000", "alice", "s3 cret"]]);
    expect(err).toContain("/home/config.json");
  });

  it("asks on a terminal, which does not show the password", async () => {
    const { code, given, raw, err } = await login([], "alice\ns3x\u007fcret", true);
    expect(code).toBe(0);
    expect(given).toEqual([["docker.io", "alice", "s3cret"]]);
    expect(raw).toEqual([true, false]);
    expect(err).toMatch(/^Username: Password: \n/);
  });

  it("is ended by Ctrl-C while it asks", async () => {
    const { code, given } = await login(["-u", "a"], "s3\u0003", true);
    expect(code).toBe(130);
    expect(given).toEqual([]);
  });

  it.each([
    [["--password-stdin"], "--username"],
    [["-u", "a", "-p", "b", "--password-stdin"], "--password-stdin"],
    [["-u", "a"], "--password-stdin"],
  ])("%j is refused without a terminal", async (words, told) => {
    const { code, err } = await login(words, "x");
    expect(code).toBe(125);
    expect(err).toContain(told);
  });
});
