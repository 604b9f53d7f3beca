/** What every guest kernel must be able to do; VIRTC_KERNEL chooses the kernel. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findGuestDir, loadGuestAssets } from "virtcontainers/host";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Virtc } from "./support/virtc.ts";

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});

const chosen = process.env.VIRTC_KERNEL === "debian" ? "debian" : "tuned";
const run = (...args: string[]) => virtc.run(["run", "--rm", ...args]);

it(`boots the ${chosen} kernel`, async () => {
  const { kernelVersion } = await loadGuestAssets(findGuestDir(process.env), chosen);
  const result = await run("--kernel", chosen, "busybox", "uname", "-r");
  expect(result).toMatchObject({ code: 0, stdout: `${kernelVersion}\n`, stderr: "" });
});

it("passes input, both outputs and the exit code", async () => {
  const script = "cat; echo err >&2; exit 7";
  const args = ["run", "--rm", "-i", "busybox", "sh", "-c", script];
  expect(await virtc.run(args, { input: "abc\n" })).toMatchObject({
    code: 7,
    stdout: "abc\n",
    stderr: "err\n",
  });
});

it("lets a container write to its root, and keeps the image as it was", async () => {
  const script = "cat /note 2>/dev/null; echo kept > /note; cat /note";
  for (let round = 0; round < 2; round++) {
    expect(await run("busybox", "sh", "-c", script)).toMatchObject({ code: 0, stdout: "kept\n" });
  }
});

it("executes commands in a container that runs", async () => {
  const started = await virtc.run(["run", "-d", "--name", "smoke", "busybox", "sleep", "1000"]);
  expect(started).toMatchObject({ code: 0 });
  const pid = await virtc.run(["exec", "smoke", "sh", "-c", "echo here; exit 4"]);
  expect(pid).toMatchObject({ code: 4, stdout: "here\n" });
  expect(await virtc.run(["rm", "-f", "smoke"])).toMatchObject({ code: 0 });
});

it("gives a container a scratch disk", async () => {
  const script = "dd if=/dev/zero of=/big bs=1M count=20 2>/dev/null && wc -c < /big";
  const result = await run("--scratch", "64m", "busybox", "sh", "-c", script);
  expect(result).toMatchObject({ code: 0, stdout: `${20 * 1024 ** 2}\n` });
});

it("runs a folder of the host over virtio-fs", async () => {
  const folder = join(virtc.folder, "rootfs");
  await mkdir(join(folder, "bin"), { recursive: true });
  for (const name of ["dev", "proc", "sys", "tmp"]) await mkdir(join(folder, name));
  await writeFile(join(folder, "bin/sh"), await readFile("/bin/busybox"), { mode: 0o755 });
  const result = await run("--rootfs", folder, "/bin/sh", "-c", "echo written > /tmp/file");
  expect(result).toMatchObject({ code: 0, stderr: "" });
  expect(await readFile(join(folder, "tmp/file"), "utf8")).toBe("written\n");
});
