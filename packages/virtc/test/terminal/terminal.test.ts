import { EventEmitter, once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { defaultDetachKeys } from "../../src/args/detach-keys.ts";
import type { Unanswered } from "../../src/errors/unanswered.ts";
import { DetachKeys } from "../../src/terminal/detach.ts";
import { pumpInput } from "../../src/terminal/input.ts";
import { brokenOutput, OutputPump } from "../../src/terminal/output.ts";
import { SignalRelay } from "../../src/terminal/signals.ts";

describe("DetachKeys", () => {
  const push = (keys: DetachKeys, text: string) => {
    const { data, detach } = keys.push(Buffer.from(text));
    return [data.toString(), detach];
  };

  it("finds the keys in one piece and in two, and drops what follows", () => {
    expect(push(new DetachKeys(defaultDetachKeys), "ab\u0010\u0011cd")).toEqual(["ab", true]);
    const keys = new DetachKeys(defaultDetachKeys);
    expect(push(keys, "x\u0010")).toEqual(["x", false]);
    expect(push(keys, "\u0011")).toEqual(["", true]);
  });

  it("passes on a Ctrl-P that something else follows", () => {
    const keys = new DetachKeys(defaultDetachKeys);
    expect(push(keys, "\u0010\u0010")).toEqual(["\u0010", false]);
    expect(push(keys, "a\u0011")).toEqual(["\u0010a\u0011", false]);
  });
});

describe("SignalRelay", () => {
  it("ends the work on the first signal, and lets the second one through", () => {
    const source = new EventEmitter();
    const relay = new SignalRelay(source);
    source.emit("SIGUSR1", "SIGUSR1");
    expect(relay.signal.aborted).toBe(false);
    source.emit("SIGTERM", "SIGTERM");
    expect(relay.signal.aborted).toBe(true);
    expect(relay.interruption?.exitCode).toBe(143);
    expect(source.listenerCount("SIGINT")).toBe(0);
  });

  it("hands signals on, the second SIGINT as SIGKILL", () => {
    const source = new EventEmitter();
    const relay = new SignalRelay(source);
    const got: string[] = [];
    relay.forwardTo(async (signal) => got.push(signal));
    for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGINT"]) source.emit(name, name);
    expect(got).toEqual(["SIGHUP", "SIGINT", "SIGTERM", "SIGKILL"]);
    expect(relay.signal.aborted).toBe(false);
    relay[Symbol.dispose]();
    expect(source.eventNames()).toEqual([]);
  });

  describe("over a guest that is silent", () => {
    const silent = () => new Promise<never>(() => {});
    const answering = () => Promise.resolve();
    const relayTo = (send: () => Promise<void>) => {
      const source = new EventEmitter();
      const relay = new SignalRelay(source);
      const gaveUp: string[] = [];
      relay.unanswered.catch((error: Unanswered) => gaveUp.push(error.signal));
      relay.forwardTo(send);
      return { source, relay, gaveUp };
    };
    beforeEach(() => vi.useFakeTimers());
    afterEach(() => vi.useRealTimers());

    it.each(["SIGTERM", "SIGHUP", "SIGINT"])("gives up 10 s after %s", async (name) => {
      const { source, gaveUp } = relayTo(silent);
      source.emit(name, name);
      await vi.advanceTimersByTimeAsync(9999);
      expect(gaveUp).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      expect(gaveUp).toEqual([name]);
    });

    it("gives up 2 s after a second SIGINT, and at once at a third one", async () => {
      const second = relayTo(answering);
      second.source.emit("SIGINT", "SIGINT");
      second.source.emit("SIGINT", "SIGINT");
      await vi.advanceTimersByTimeAsync(2000);
      expect(second.gaveUp).toEqual(["SIGINT"]);
      const third = relayTo(silent);
      for (let count = 0; count < 3; count++) third.source.emit("SIGINT", "SIGINT");
      await vi.advanceTimersByTimeAsync(0);
      expect(third.gaveUp).toEqual(["SIGINT"]);
    });

    it("waits for a process that has its SIGTERM, and for the output of one that has ended", async () => {
      const asked = relayTo(answering);
      asked.source.emit("SIGTERM", "SIGTERM");
      const ended = relayTo(answering);
      ended.source.emit("SIGINT", "SIGINT");
      ended.source.emit("SIGINT", "SIGINT");
      ended.relay.stopTimers();
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect([...asked.gaveUp, ...ended.gaveUp]).toEqual([]);
    });

    it("gives up work that its abort does not end", async () => {
      const source = new EventEmitter();
      const relay = new SignalRelay(source);
      const work = relay.race(silent());
      const failed = expect(work).rejects.toThrow("does not answer SIGTERM");
      source.emit("SIGTERM", "SIGTERM");
      await vi.advanceTimersByTimeAsync(10_000);
      await failed;
    });
  });
});

/** Takes nothing until it is told to. */
class SlowWriter extends Writable {
  readonly taken: Buffer[] = [];
  #release: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 1 });
  }

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.taken.push(chunk);
    this.#release = callback;
    this.emit("taken");
  }

  letGo(): void {
    this.#release?.();
  }
}

describe("OutputPump", () => {
  it("reads no further while the writer takes nothing", async () => {
    const from = new PassThrough({ highWaterMark: 1 });
    const to = new SlowWriter();
    const pump = new OutputPump(from, to);
    from.write("one");
    await once(to, "taken");
    from.write("two");
    expect(to.taken.map(String)).toEqual(["one"]);
    to.letGo();
    await once(to, "taken");
    to.letGo();
    from.end();
    await pump.done;
    expect(to.taken.map(String)).toEqual(["one", "two"]);
  });

  it("gives up on an output that somebody holds open", async () => {
    const pump = new OutputPump(new PassThrough(), new PassThrough());
    await expect(pump.quiet(1)).resolves.toBeUndefined();
  });

  it("tells a broken pipe apart", async () => {
    const to = new PassThrough();
    const broken = brokenOutput([to]);
    to.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    await expect(broken).rejects.toMatchObject({ name: "OutputBroken", brokenPipe: true });
    expect(() => to.emit("error", new Error("a later one"))).not.toThrow();
  });
});

describe("pumpInput", () => {
  it("passes bytes and the end on", async () => {
    const from = new PassThrough();
    const to = new PassThrough();
    from.end(Buffer.from([0, 255, 16, 17]));
    expect(await pumpInput(from, to, { keys: [] })).toBe(false);
    expect(to.read()).toEqual(Buffer.from([0, 255, 16, 17]));
    expect(to.writableEnded).toBe(true);
  });

  it("stops at the detach keys and leaves both sides open", async () => {
    const from = new PassThrough();
    const to = new PassThrough();
    from.write("ab\u0010\u0011");
    expect(await pumpInput(from, to, { keys: defaultDetachKeys })).toBe(true);
    expect(to.read().toString()).toBe("ab");
    expect(to.writableEnded).toBe(false);
    expect(from.destroyed).toBe(false);
  });

  it("ends quietly when the process has closed its input", async () => {
    const from = new PassThrough();
    const to = new Writable({
      write: (_chunk, _encoding, callback) => callback(new Error("EPIPE")),
    });
    from.write("a");
    const done = pumpInput(from, to, { keys: [] });
    await new Promise((resolve) => to.on("close", resolve));
    from.write("b");
    expect(await done).toBe(false);
  });
});
