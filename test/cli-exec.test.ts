import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeBusyboxImage, packLayout } from "./support/images.ts";
import { Virtc } from "./support/virtc.ts";

/** The head of a program for RISC-V. */
const foreign = Buffer.from("\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0", "latin1");

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
  const layout = join(virtc.folder, "layout");
  await makeBusyboxImage(layout, {
    name: "app",
    extra: [
      {
        path: "etc/passwd",
        content: "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/tmp:/bin/sh\n",
      },
      { path: "etc/group", content: "root:x:0:\nalice:x:1000:\nstaff:x:50:alice\n" },
      { path: "bin/plain", content: "echo no first line\n", mode: 0o755 },
      { path: "bin/orphan", content: "#!/no/such/interpreter\n", mode: 0o755 },
      { path: "bin/foreign", content: foreign, mode: 0o755 },
    ],
  });
  const archive = join(virtc.folder, "app.tar");
  await packLayout(layout, archive);
  await virtc.run(["image", "import", "--name", "app", archive]);
  const created = await virtc.run([
    "run",
    "-d",
    "--name",
    "box",
    "--pids-limit",
    "8",
    "app",
    "sleep",
    "100000",
  ]);
  if (created.code !== 0) throw new Error(created.stderr);
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});

const exec = (...words: string[]) => virtc.run(["exec", ...words]);

/** On a terminal: all that it showed after its own first line, and how it ended. */
async function onTerminal(...words: string[]): Promise<{ code: number | null; text: string }> {
  const terminal = await virtc.terminal(["exec", ...words]);
  const code = await terminal.ended;
  const [, shown = ""] = /^\/dev\/pts\/\d+\r\n(.*?)speed /s.exec(terminal.text) ?? [];
  return { code, text: shown };
}

describe("exec of one container", () => {
  test("the groups of a user have the first one among them, in every form", async () => {
    const groups = async (...user: string[]) => {
      const { stdout } = await exec(...user, "box", "grep", "Groups", "/proc/self/status");
      return stdout.trim().split(/\s+/).slice(1).sort();
    };
    expect(await groups()).toEqual(["0"]);
    expect(await groups("-u", "alice")).toEqual(["1000", "50"]);
    expect(await groups("-u", "1000")).toEqual(["1000", "50"]);
    expect(await groups("-u", "alice:staff")).toEqual(["50"]);
    expect(await groups("-u", "1234:5678")).toEqual(["5678"]);
  });

  test("a terminal belongs to the user of its command", async () => {
    const script = "echo err > /dev/stderr && echo tty > $(tty) && stat -c %U $(tty)";
    const { code, text } = await onTerminal("-t", "-u", "alice", "box", "sh", "-c", script);
    expect([code, ...text.split(/\r*\n/)]).toEqual([0, "err", "tty", "alice", ""]);
  });

  test.each([
    [127, 'exec: "nope": not found in PATH', ["box", "nope"]],
    [127, 'exec: "/nope": no such file', ["box", "/nope"]],
    [126, 'exec: "/etc": permission denied', ["box", "/etc"]],
    [126, 'exec: "/etc/passwd": permission denied', ["box", "/etc/passwd"]],
    [127, 'working directory "/nope": No such file or directory', ["-w", "/nope", "box", "true"]],
    [126, 'working directory "/etc/passwd": Not a directory', ["-w", "/etc/passwd", "box", "true"]],
    [126, 'exec: "plain": exec format error', ["box", "plain"]],
    [126, 'exec: "foreign": exec format error', ["box", "foreign"]],
    [126, 'exec: "orphan": no such file or directory', ["box", "orphan"]],
  ])(
    "ends with %i and says why, with a terminal and without one: %s",
    async (code, reason, words) => {
      const plain = await exec(...words);
      expect(plain).toMatchObject({ code, stdout: "" });
      expect(plain.stderr.split("\n")[0]).toBe(`virtc: ${reason}`);
      const terminal = await onTerminal("-t", ...words);
      expect(terminal.code).toBe(code);
      const text = terminal.text.replace(/\x1b\[[\d;]*m/g, "");
      expect(text.split("\r\n")[0]).toBe(`virtc: ${reason}`);
    },
  );

  test("what is too long is told in bytes: one more than the kernel takes", async () => {
    // With its name and the NUL at its end a variable may have 131072 bytes, 32 pages.
    const most = `L=${"é".repeat(65_534)}a`;
    const file = join(virtc.folder, "env");
    await writeFile(file, most);
    expect((await exec("--env-file", file, "box", "true")).code).toBe(0);
    await writeFile(file, `${most}a`);
    const { code, stderr } = await exec("--env-file", file, "box", "true");
    expect(code).toBe(126);
    expect(stderr).toContain('exec: "true": argument list too long');
  });

  test("where no more processes may be, a command is refused, until there is room again", async () => {
    const fill = "i=0; while [ $i -lt 6 ]; do sleep 1000 & i=$((i+1)); done; wait";
    // The first process, this one and six.
    await exec("-d", "box", "sh", "-c", fill);
    const full = async (): Promise<boolean> => {
      const { stdout } = await virtc.run(["top", "box"]);
      return stdout.split("\n").filter((line) => /sleep 1000\s*$/.test(line)).length === 6;
    };
    await expect.poll(full, { timeout: 60_000 }).toBe(true);
    const refused = await exec("box", "true");
    expect(refused.stderr).toContain("container box is at its limit of 8 processes");
    expect(refused.code).toBe(126);
    const terminal = await virtc.terminal(["exec", "-t", "box", "true"]);
    expect(await terminal.ended).toBe(126);
    expect(terminal.text).toContain("at its limit of 8 processes");
    expect(await virtc.run(["update", "--pids-limit", "20", "box"])).toMatchObject({ code: 0 });
    expect(await exec("box", "true")).toMatchObject({ code: 0, stderr: "" });
  });
});
