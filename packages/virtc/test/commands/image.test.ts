import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
      expect(short.out()).toBe(asShort.replace("|list", ""));
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
