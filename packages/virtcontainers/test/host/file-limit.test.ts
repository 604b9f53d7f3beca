import { chmod, chown, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { testFolder } from "../support/folder.ts";

const { processes, uid: caller } = createHost();
const kibibyte = 1024;
/** Asks for 64 KiB more in `data` for each line of `orders`, and answers in `answers`. */
const writer =
  "while read _; do head -c 65536 /dev/zero >> data 2>/dev/null && echo written || echo refused; done > answers < orders";

/** A process with a limit of 100 KiB on its files, as another user where that is possible. */
async function limitedWriter(orders: number) {
  const user = caller === 0 ? { uid: 65_123, gid: 65_124 } : undefined;
  const folder = await testFolder();
  await chmod(folder, 0o711);
  const cwd = join(folder, "own");
  await mkdir(cwd);
  await writeFile(join(cwd, "orders"), "\n".repeat(orders));
  if (user !== undefined) await chown(cwd, user.uid, user.gid);
  return { cwd, user };
}

async function outcome(cwd: string) {
  return {
    answers: await readFile(join(cwd, "answers"), "utf8"),
    bytes: (await stat(join(cwd, "data"))).size,
  };
}

describe("a process whose files are limited", () => {
  test("gets an error for what is too much, and goes on", async () => {
    const { cwd, user } = await limitedWriter(3);
    const child = await processes.spawnDetached({
      ...{ path: "/bin/sh", args: ["-c", writer], cwd, ...user },
      outputPath: join(cwd, "..", "output"),
      maxFileBytes: 100 * kibibyte,
    });
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(await outcome(cwd)).toEqual({
      answers: "written\nrefused\nrefused\n",
      bytes: 100 * kibibyte,
    });
  });

  test("may write more once the limit is raised, and never less", async () => {
    const { cwd, user } = await limitedWriter(3);
    const child = await processes.spawnDetached({
      // Waits until it is told to go on.
      ...{ path: "/bin/sh", args: ["-c", `kill -STOP $$; ${writer}`], cwd, ...user },
      outputPath: join(cwd, "..", "output"),
      maxFileBytes: 100 * kibibyte,
    });
    onTestFinished(async () => void (await processes.signal(child, "SIGKILL")));
    // By then it has its first limit.
    await stopped(child.pid);
    await processes.raiseMaxFileBytes(child, 150 * kibibyte);
    await processes.raiseMaxFileBytes(child, 50 * kibibyte);
    await processes.signal(child, "SIGCONT");
    await child.exited;
    expect(await outcome(cwd)).toEqual({
      answers: "written\nwritten\nrefused\n",
      bytes: 150 * kibibyte,
    });
  });

  test("may write less once it is lowered, and never more", async () => {
    const { cwd, user } = await limitedWriter(3);
    const child = await processes.spawnDetached({
      ...{ path: "/bin/sh", args: ["-c", `kill -STOP $$; ${writer}`], cwd, ...user },
      outputPath: join(cwd, "..", "output"),
      maxFileBytes: 150 * kibibyte,
    });
    onTestFinished(async () => void (await processes.signal(child, "SIGKILL")));
    await stopped(child.pid);
    await processes.lowerMaxFileBytes(child, 100 * kibibyte);
    await processes.lowerMaxFileBytes(child, 200 * kibibyte);
    await processes.signal(child, "SIGCONT");
    await child.exited;
    expect(await outcome(cwd)).toEqual({
      answers: "written\nrefused\nrefused\n",
      bytes: 100 * kibibyte,
    });
  });

  test("that is gone needs no other limit", async () => {
    await processes.raiseMaxFileBytes({ pid: 2 ** 22 - 1, startTime: "1" }, kibibyte);
  });
});

async function stopped(pid: number): Promise<void> {
  while (!(await readFile(`/proc/${pid}/stat`, "utf8")).includes(") T ")) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
