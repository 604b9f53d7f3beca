import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import type { LedgerRecord } from "../../src/store/ledger.ts";
import { LedgerFile } from "../../src/store/ledger-file.ts";

const host = createHost();
let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ledger-"));
  path = join(folder, "ledger");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("the record is on disk before the thing is taken", async () => {
  const file = join(folder, "thing");
  let seen = "";
  await new LedgerFile(host, path).take({ kind: "file", path: file }, async () => {
    seen = readFileSync(path, "utf8");
  });
  expect(JSON.parse(seen)).toEqual({ seq: 1, record: { kind: "file", path: file } });
});

test("another process releases what is recorded, newest first, and twice is no error", async () => {
  const first = join(folder, "a");
  const second = join(first, "b");
  const ledger = new LedgerFile(host, path);
  await ledger.take({ kind: "folder", path: first }, async () => mkdirSync(first));
  await ledger.take({ kind: "file", path: second }, async () => writeFileSync(second, ""));
  await new LedgerFile(host, path).releaseAll();
  expect(existsSync(first)).toBe(false);
  await ledger.releaseAll();
  expect(new LedgerFile(host, path).entries()).toEqual([]);
});

describe.skipIf(host.uid !== 0)("a full disk (mounting needs root)", () => {
  const take = (ledger: LedgerFile, name: string) =>
    ledger.take({ kind: "file", path: join(folder, name) }, async () => {});

  /** Takes things until there is no room for a line, which is cut; gives how many there was room for. */
  async function fill(ledger: LedgerFile): Promise<number> {
    await host.mounts.tmpfs(folder, 64 * 1024);
    writeFileSync(join(folder, "filler"), Buffer.alloc(56 * 1024));
    for (let number = 1; ; number++) {
      try {
        await take(ledger, `${number}`);
      } catch (error) {
        expect(error).toMatchObject({ code: "NO_SPACE" });
        expect(readFileSync(path, "utf8").endsWith("\n")).toBe(false);
        return number - 1;
      }
    }
  }
  afterEach(() => host.mounts.unmount(folder));

  test("hinders no release", async () => {
    const ledger = new LedgerFile(host, path);
    expect(await fill(ledger)).toBeGreaterThan(10);
    await ledger.releaseAll();
    expect(ledger.entries()).toEqual([]);
  });

  test("cuts a line, which spoils no later one, and the sandbox is released", async () => {
    const ledger = new LedgerFile(host, path);
    const held = await fill(ledger);
    rmSync(join(folder, "filler"));
    await take(ledger, "of the same process");
    await take(new LedgerFile(host, path), "of another");
    const last = new LedgerFile(host, path);
    expect(last.entries()).toHaveLength(held + 2);
    await last.releaseAll();
    expect(new LedgerFile(host, path).entries()).toEqual([]);
  });
});

test("a failed take gives back what it left, and leaves no record", async () => {
  const file = join(folder, "half");
  const ledger = new LedgerFile(host, path);
  const take = ledger.take({ kind: "file", path: file }, async () => {
    writeFileSync(file, "");
    throw new Error("no");
  });
  await expect(take).rejects.toThrow("no");
  expect(existsSync(file)).toBe(false);
  expect(ledger.entries()).toEqual([]);
});

test("a process is found by its marker if its pid never reached the disk", async () => {
  const marker = `marker-${process.pid}-${Date.now()}`;
  const ledger = new LedgerFile(host, path);
  const child = await ledger.take({ kind: "process", name: "sleep", marker }, () =>
    host.processes.spawnDetached({
      path: process.execPath,
      args: ["-e", "setInterval(() => {}, 1e6)", marker],
      cwd: folder,
      outputPath: join(folder, "out"),
    }),
  );
  await new LedgerFile(host, path).releaseAll();
  expect(await host.processes.isAlive(child)).toBe(false);
});

test("a stale record does not kill a foreign process of the same pid", async () => {
  const child = await host.processes.spawnDetached({
    path: process.execPath,
    args: ["-e", "setInterval(() => {}, 1e6)"],
    cwd: folder,
    outputPath: join(folder, "out"),
  });
  const record = {
    kind: "process",
    name: "x",
    marker: "no-such-marker",
    pid: child.pid,
    startTime: "1",
  } as const;
  const ledger = new LedgerFile(host, path);
  await ledger.take(record, async () => {});
  await ledger.releaseAll();
  expect(await host.processes.isAlive(child)).toBe(true);
  await host.processes.signal(child, "SIGKILL");
});

test("a last line that was cut is not believed, however often, and what is taken after it is kept", async () => {
  const take = (name: string) =>
    new LedgerFile(host, path).take({ kind: "file", path: join(folder, name) }, async () => {});
  const names = () =>
    new LedgerFile(host, path)
      .entries()
      .map(({ record }) => "path" in record && basename(record.path));
  await take("a");
  const whole = '{"seq":2,"record":{"kind":"file","path":"/etc/passwd"}}';
  const kept = ["a"];
  for (const length of [1, 14, whole.length]) {
    appendFileSync(path, whole.slice(0, length));
    expect(names()).toEqual(kept);
    kept.push(`after-${length}`);
    await take(`after-${length}`);
    expect(names()).toEqual(kept);
  }
  await new LedgerFile(host, path).releaseAll();
  expect(names()).toEqual([]);
});

test("damage in a whole line is refused", async () => {
  await new LedgerFile(host, path).take({ kind: "file", path: join(folder, "x") }, async () => {});
  appendFileSync(path, '{"seq":2,"reco\n');
  expect(() => new LedgerFile(host, path)).toThrow(
    expect.objectContaining({ code: "STATE_INVALID" }),
  );
});

test("what a VM needs is given back without what the sandbox keeps, processes first", async () => {
  const ledger = new LedgerFile(host, path);
  const order: string[] = [];
  const told = createFaultyHost(host, [], (point) => void order.push(point));
  const marker = `marker-${process.pid}-${Date.now()}`;
  await ledger.take({ kind: "process", name: "x", marker }, async () => {});
  await ledger.take({ kind: "file", path: join(folder, "kept") }, async () => {});
  await ledger.take({ kind: "mount", target: join(folder, "m") }, async () => {});
  const again = new LedgerFile(told, path);
  await again.releaseVm();
  expect(order.filter((point) => /release\.\w+$/.test(point))).toEqual([
    "failpoint:release.process",
    "failpoint:release.mount",
  ]);
  expect(again.entries().map(({ record }) => record.kind)).toEqual(["file"]);
});

test.each([
  { kind: "folder", path: "/" },
  { kind: "folder", path: "/etc" },
  { kind: "folder", path: "/state/sbs/sb" },
  { kind: "folder", path: "/state/sbs/sb2/vm" },
  { kind: "folder", path: "/state/sbs/sb/../other/vm" },
  { kind: "folder", path: "/state/sbs/sb//vm" },
  { kind: "file", path: "/etc/passwd" },
  { kind: "file", path: "/state/sbs/other/sandbox.json" },
  { kind: "file", path: "/state/disks/0123.w.drive-0.other" },
  { kind: "file", path: "/data/images/abc/users/other" },
  { kind: "file", path: "/data/images/abc/users/sb@0123456789abcdef" },
  { kind: "file", path: "/data/disks/0123.w.drive-0.sb@0123456789abcdef" },
  { kind: "mount", target: "/" },
  { kind: "mount", target: "/home" },
  { kind: "cgroup", path: "/" },
  { kind: "cgroup", path: "/a/../b" },
  { kind: "owner", path: "/etc/shadow", dev: 1, ino: 2, uid: 1000, gid: 1000, user: 0 },
  { kind: "process", name: "init", marker: "short", pid: 1, startTime: "1" },
] satisfies LedgerRecord[])("what is no thing of the sandbox is never touched: %j", (record) => {
  const state = join(folder, "state");
  const ledger = join(state, "sbs", "sb", "ledger");
  mkdirSync(dirname(ledger), { recursive: true });
  const text = JSON.stringify({ seq: 1, record }).replaceAll('"/state', `"${state}`);
  writeFileSync(ledger, `${text}\n`);
  expect(() => new LedgerFile(host, ledger)).toThrow(
    expect.objectContaining({ code: "STATE_INVALID", sandboxId: "sb" }),
  );
});

test("a mount below a folder is taken off before the folder is removed", async (context) => {
  if (host.uid !== 0) context.skip("mounting needs root");
  const precious = join(folder, "precious");
  const inner = join(folder, "sandbox", "rootfs");
  mkdirSync(precious);
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(precious, "data"), "kept");
  await host.mounts.bind(precious, inner);
  const ledger = new LedgerFile(host, path);
  await ledger.take({ kind: "folder", path: join(folder, "sandbox") }, async () => {});
  await ledger.releaseAll();
  expect(existsSync(join(folder, "sandbox"))).toBe(false);
  expect(readFileSync(join(precious, "data"), "utf8")).toBe("kept");
});
