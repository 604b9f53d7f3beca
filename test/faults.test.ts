import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContainerConfig, type Sandbox, VirtContainers, type VirtError } from "virtcontainers";
import { createHost } from "virtcontainers/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { leftovers, type TestInstance, testInstance } from "./support/instance.ts";

const root = process.getuid?.() === 0;
const waits = { id: "main", image: "busybox", waits: true } as const;

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance();
});
afterAll(async () => {
  await instance[Symbol.asyncDispose]();
});

async function codeOf(work: PromiseLike<unknown>): Promise<string> {
  return await Promise.resolve(work).then(
    () => "done",
    (error: VirtError) => error.code,
  );
}

async function vmmOf(sandbox: Sandbox): Promise<number> {
  return (await sandbox.status()).vmm?.pid ?? 0;
}

describe("a VMM that is frozen", () => {
  test("ends every call by its deadline; what can be forced is done, and nothing is left", async () => {
    const sandbox = await instance.vc.runSandbox({ id: "frozen", containers: [waits] });
    const pending = codeOf(sandbox.exec(["sleep", "100"], { timeoutMs: 4_000 }));
    await sandbox.exec(["true"]);
    process.kill(await vmmOf(sandbox), "SIGSTOP");
    const options = { timeoutMs: 1_500 };
    await using other = await instance.vc.fetchSandbox("frozen");
    const codes = await Promise.all([
      pending,
      codeOf(sandbox.exec(["true"], options)),
      codeOf(sandbox.waitProcess("main", "main", options)),
      codeOf(sandbox.killContainer("main", "SIGTERM", false, options)),
      codeOf(sandbox.createContainer({ ...waits, id: "more" }, options)),
      codeOf(other.exec(["true"], options)),
      codeOf(other.statusContainer("main", options)),
    ]);
    expect(codes).toEqual(codes.map(() => "TIMEOUT"));
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "frozen", state: "running" }]);
    await instance.vc.deleteSandbox("frozen", { force: true });
    expect(leftovers(instance)).toEqual([]);
  });
});

describe.skipIf(!root)("a virtiofsd (needs root to share folders)", () => {
  let folder: string;
  let shared: ContainerConfig;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "vc-folder-"));
    for (const name of ["proc", "sys", "dev"]) mkdirSync(join(folder, name));
    shared = { id: "shared", rootFs: { target: folder, mounted: true }, waits: true };
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function signalDaemons(id: string, signal: "SIGKILL" | "SIGSTOP"): Promise<void> {
    const { processes } = createHost();
    const folder = join(instance.stateDir, "sbs", id, "shared");
    const markers = [`source=${folder}`, `--shared-dir=${folder}`];
    const found = await Promise.all(markers.map((marker) => processes.findByArgument(marker)));
    const daemons = found.flat();
    expect(daemons).not.toEqual([]);
    for (const daemon of daemons) await processes.signal(daemon, signal);
  }

  test("that is killed ends what uses the folder, and nothing else; a restart brings it back, and nothing is left", async () => {
    const sandbox = await instance.vc.runSandbox({ id: "cut", containers: [waits, shared] });
    const problems = sandbox.monitor({ intervalMs: 100, timeoutMs: 60_000 });
    const told = problems.next();
    const pending = codeOf(sandbox.waitProcess("shared", "shared"));
    await signalDaemons("cut", "SIGKILL");
    expect((await told).value).toMatchObject({ code: "SHARE_DEAD", phase: "share" });
    await problems.return(undefined);
    expect(await pending).toBe("SHARE_DEAD");
    expect(await codeOf(sandbox.exec(["true"], { container: "shared" }))).toBe("SHARE_DEAD");
    expect((await sandbox.status()).shareDaemon).toMatchObject({ alive: false });
    const others = ["main", "main"].map((container) =>
      sandbox.exec(["echo", "unharmed"], { container, timeoutMs: 30_000 }),
    );
    for (const { stdout } of await Promise.all(others)) expect(stdout).toBe("unharmed\n");
    await sandbox.createContainer({ ...waits, id: "later" });
    await sandbox.startContainer("later");
    await sandbox.stop();
    await sandbox.start();
    expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
    await signalDaemons("cut", "SIGKILL");
    await sandbox.delete({ force: true });
    expect(leftovers(instance)).toEqual([]);
  });

  test("that dies at start is told by its last words, and nothing is left", async () => {
    const bad = join(folder, "bad-virtiofsd");
    const version = '[ "$1" = --version ] && echo virtiofsd 1.13.0 && exit';
    const script = `#!/bin/sh\n${version}\necho "error: $3 is not for me" >&2; exit 1\n`;
    writeFileSync(bad, script, { mode: 0o755 });
    const hypervisorConfig = { virtioFSDaemon: bad };
    const error: unknown = await instance.vc
      .runSandbox({ id: "bad", hypervisorConfig, containers: [shared] })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "SHARE_DEAD",
      message: expect.stringMatching(/has ended: error: --shared-dir=\S+ is not for me$/),
      sandboxId: "bad",
      phase: "share",
    });
    expect(leftovers(instance)).toEqual([]);
  });

  test("that is frozen ends what uses the folder by its deadline; a stop by force works, and nothing is left", async () => {
    const sandbox = await instance.vc.runSandbox({ id: "still", containers: [waits, shared] });
    await signalDaemons("still", "SIGSTOP");
    const options = { container: "shared", timeoutMs: 3_000 };
    expect(await codeOf(sandbox.exec(["true"], options))).toBe("TIMEOUT");
    expect((await sandbox.exec(["echo", "unharmed"])).stdout).toBe("unharmed\n");
    await sandbox.stop({ force: true });
    expect(leftovers(instance)).toEqual(["folder still"]);
    await sandbox.start();
    await signalDaemons("still", "SIGSTOP");
    await sandbox.delete({ force: true });
    expect(leftovers(instance)).toEqual([]);
  });
});

describe.skipIf(!root)("a full disk (needs root for a small file system)", () => {
  test.each([8, 64, 4096])(
    "of %d KiB for the state: NO_SPACE or a VM that runs, and nothing is left",
    async (kib) => {
      const stateDir = mkdtempSync(join(tmpdir(), "vc-full-"));
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kib}k,mode=711`, "tmpfs", stateDir]);
      try {
        const vc = new VirtContainers({ stateDir, dataDir: instance.dataDir });
        const containers = [{ ...waits, scratchMiB: 16 }];
        const code = await codeOf(
          vc
            .runSandbox({ id: "full", containers })
            .then((sandbox) => sandbox.delete({ force: true })),
        );
        expect(["NO_SPACE", "HOST_FAILED", "done"]).toContain(code);
        if (kib < 16) expect(code).not.toBe("done");
        const found = leftovers({ stateDir }).filter((what) => !/^mount .* - tmpfs /.test(what));
        expect(found).toEqual([]);
      } finally {
        execFileSync("umount", [stateDir]);
        rmSync(stateDir, { recursive: true });
      }
    },
  );
});
