import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeLogRecord } from "@virtcontainers/agent-protocol/ports";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LogDiskWriter } from "../../src/hypervisor/mock/log-disk.ts";
import { makeLogDisk } from "../../src/logs/disk/make.ts";
import { readExits } from "../../src/logs/exits.ts";
import { followLog } from "../../src/logs/follow.ts";
import { logCarriers, logFileNames } from "../../src/store/log-carrier.ts";

let folder: string;
let path: string;
let append: (bytes: Uint8Array) => void;
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const output = (containerId: string, text: string, execId = "") =>
  encodeLogRecord({
    containerId,
    execId,
    timeNs: 1_000_000_000n,
    stream: "stdout",
    data: Buffer.from(text),
  });
const exit = (containerId: string, status: number) =>
  encodeLogRecord({ containerId, execId: "", timeNs: 2_000_000_000n, stream: "exit", status });

const signal = new AbortController().signal;
const never = new Promise(() => {});

async function collect(entries: AsyncIterable<{ data: Uint8Array }>): Promise<string> {
  let text = "";
  for await (const { data } of entries) text += Buffer.from(data).toString();
  return text;
}

describe.each(logCarriers)("a log whose carrier is %s", (carrier) => {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "log-"));
    path = join(folder, logFileNames[carrier]);
    if (carrier === "disk") {
      await makeLogDisk(path, 1 << 20, undefined);
      const disk = new LogDiskWriter(path);
      append = (bytes) => disk.append(bytes);
    } else {
      writeFileSync(path, "");
      append = (bytes) => appendFileSync(path, bytes);
    }
  });

  test("one container's output out of many, from a file with garbage in it", async () => {
    append(
      Buffer.concat([
        output("c1", "a"),
        Buffer.from("garbage"),
        output("c2", "x"),
        output("c1", "e", "exec"),
        output("c1", "b"),
      ]),
    );
    expect(await collect(followLog(path, "c1", { follow: false, ended: never, signal }))).toBe(
      "ab",
    );
  });

  test("follows a growing file until the process has ended", async () => {
    append(output("c1", "a"));
    const entries = followLog(path, "c1", { follow: true, ended: never, signal });
    expect((await entries.next()).value).toMatchObject({ stream: "stdout" });
    const second = entries.next();
    const record = output("c1", "b");
    // A disk has records whole; a file may be read in the middle of one.
    const cut = carrier === "disk" ? record.length : 9;
    append(record.subarray(0, cut));
    append(record.subarray(cut));
    expect(Buffer.from((await second).value?.data ?? []).toString()).toBe("b");
    const last = entries.next();
    append(exit("c1", 0));
    expect((await last).done).toBe(true);
  });

  test("follows to the end of what a dead VM left", async () => {
    append(output("c1", "a"));
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const entries = followLog(path, "c1", { follow: true, ended, signal });
    await entries.next();
    const rest = entries.next();
    end();
    expect((await rest).done).toBe(true);
  });

  test("an abort ends it", async () => {
    const controller = new AbortController();
    const next = followLog(path, "c1", {
      follow: true,
      ended: never,
      signal: controller.signal,
    }).next();
    controller.abort(new Error("enough"));
    await expect(next).rejects.toThrow("enough");
  });

  test("a container that was never detached has no log", async () => {
    rmSync(path);
    await expect(
      collect(followLog(path, "c1", { follow: false, ended: never, signal })),
    ).rejects.toMatchObject({
      code: "NOT_SUPPORTED",
    });
  });

  test("exit codes of first processes, by container", async () => {
    append(Buffer.concat([output("c1", "a"), exit("c1", 3), exit("c2", 137)]));
    const exits = await readExits(path, ["c1", "c2"]);
    expect([...exits].map(([id, { exitCode }]) => [id, exitCode])).toEqual([
      ["c1", 3],
      ["c2", 137],
    ]);
  });

  test("ends of containers that are none are not kept, however many a guest makes up", async () => {
    const madeUp = Array.from({ length: 5000 }, (_, number) => exit(`c${number + 10}`, 1));
    append(Buffer.concat([exit("c1", 3), ...madeUp]));
    expect([...(await readExits(path, ["c1"])).keys()]).toEqual(["c1"]);
    expect(await readExits(path, [])).toEqual(new Map());
  });

  test("the signal ends the reading of exit codes", async () => {
    append(exit("c1", 3));
    const ended = AbortSignal.abort(new Error("enough"));
    await expect(readExits(path, ["c1"], ended)).rejects.toThrow("enough");
  });
});
