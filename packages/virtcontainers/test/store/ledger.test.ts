import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
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

test("a full disk hinders no release", async () => {
  const file = join(folder, "thing");
  const ledger = new LedgerFile(host, path);
  await ledger.take({ kind: "file", path: file }, async () => writeFileSync(file, ""));
  rmSync(path);
  symlinkSync("/dev/full", path);
  await ledger.releaseAll();
  expect(existsSync(file)).toBe(false);
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

test("a last line that was cut is not believed; damage before it is refused", async () => {
  await new LedgerFile(host, path).take({ kind: "file", path: join(folder, "x") }, async () => {});
  appendFileSync(path, '{"seq":2,"reco');
  expect(new LedgerFile(host, path).entries()).toHaveLength(1);
  appendFileSync(path, "\n");
  expect(() => new LedgerFile(host, path)).toThrow(
    expect.objectContaining({ code: "STATE_INVALID" }),
  );
});

test.each<LedgerRecord>([
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
  { kind: "mount", target: "/" },
  { kind: "mount", target: "/home" },
  { kind: "cgroup", path: "/" },
  { kind: "cgroup", path: "/a/../b" },
  { kind: "owner", path: "/etc/shadow", uid: 1000, gid: 1000, user: 0 },
  { kind: "process", name: "init", marker: "short", pid: 1, startTime: "1" },
])("what is no thing of the sandbox is never touched: %j", (record) => {
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
