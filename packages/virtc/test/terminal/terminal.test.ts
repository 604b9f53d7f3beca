import { EventEmitter, once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { describe, expect, it } from "vitest";
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
    expect(push(new DetachKeys(), "ab\u0010\u0011cd")).toEqual(["ab", true]);
    const keys = new DetachKeys();
    expect(push(keys, "x\u0010")).toEqual(["x", false]);
    expect(push(keys, "\u0011")).toEqual(["", true]);
  });

  it("passes on a Ctrl-P that something else follows", () => {
    const keys = new DetachKeys();
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
    relay.forwardTo((signal) => got.push(signal));
    for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGINT"]) source.emit(name, name);
    expect(got).toEqual(["SIGHUP", "SIGINT", "SIGTERM", "SIGKILL"]);
    expect(relay.signal.aborted).toBe(false);
    relay[Symbol.dispose]();
    expect(source.eventNames()).toEqual([]);
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
    expect(await pumpInput(from, to, false)).toBe(false);
    expect(to.read()).toEqual(Buffer.from([0, 255, 16, 17]));
    expect(to.writableEnded).toBe(true);
  });

  it("stops at the detach keys and leaves both sides open", async () => {
    const from = new PassThrough();
    const to = new PassThrough();
    from.write("ab\u0010\u0011");
    expect(await pumpInput(from, to, true)).toBe(true);
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
    const done = pumpInput(from, to, false);
    await new Promise((resolve) => to.on("close", resolve));
    from.write("b");
    expect(await done).toBe(false);
  });
});
