import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { live, type View } from "../../src/live/live.ts";
import { noLibrary, testContext } from "../support/context.ts";

const options = { intervalMs: 1, stream: true, json: false };

/** Shows the texts one after the other, then calls `last` each time. */
function showing(texts: string[], last: () => void): View {
  return async (signal) => {
    const text = texts.shift();
    if (text === undefined) {
      last();
      signal.throwIfAborted();
    }
    return { lines: ["HEAD", text ?? "more"], header: 0 };
  };
}

describe("live", () => {
  it("prints one frame where it is to be shown once", async () => {
    const context = testContext(noLibrary, { terminal: true });
    await live(
      showing(["one"], () => {}),
      { ...options, stream: false },
      context,
    );
    expect(context.out()).toBe("HEAD\none\n");
  });

  it("prints frames one after the other on a pipe, until Ctrl-C", async () => {
    const context = testContext(noLibrary);
    await live(
      showing(["one", "two"], () => context.signals.emit("SIGINT", "SIGINT")),
      options,
      context,
    );
    expect(context.out()).toBe("HEAD\none\n\nHEAD\ntwo\n");
    expect(context.signals.eventNames()).toEqual([]);
  });

  it("redraws a terminal, gives back what stood there, and leaves the last frame", async () => {
    const context = testContext(noLibrary, { terminal: true });
    context.stdout.columns = 6;
    const view = showing(["one", "a long line"], () => context.signals.emit("SIGINT", "SIGINT"));
    await live(view, options, context);
    const [before = "", after = ""] = context.out().split("\u001b[?25h\u001b[?1049l");
    expect(before.startsWith("\u001b[?1049h\u001b[?25l\u001b[H")).toBe(true);
    expect(before).toContain("\u001b[1mHEAD\u001b[0m\u001b[K\r\na long\u001b[K\u001b[J");
    expect(after).toBe("HEAD\na long line\n");
  });

  it.each([true, false])(
    "ends at once where nothing answers any more (terminal: %s)",
    async (terminal) => {
      const context = testContext(noLibrary, { terminal });
      const view = async () => {
        setImmediate(() => context.signals.emit("SIGINT", "SIGINT"));
        return await new Promise<never>(() => {});
      };
      await live(view, options, context);
      expect(context.out()).toBe(
        terminal ? "\u001b[?1049h\u001b[?25l\u001b[?25h\u001b[?1049l" : "",
      );
    },
  );

  it("gives the terminal back when it fails", async () => {
    const context = testContext(noLibrary, { terminal: true });
    const view = () => Promise.reject(new Error("boom"));
    await expect(live(view, options, context)).rejects.toThrow("boom");
    expect(context.out()).toMatch(/\[\?25h.\[\?1049l$/s);
  });

  it("ends by SIGTERM as other programs do", async () => {
    const context = testContext(noLibrary);
    const view = showing(["one"], () => context.signals.emit("SIGTERM", "SIGTERM"));
    await expect(live(view, options, context)).rejects.toMatchObject({ exitCode: 143 });
  });

  it.each(["q", "\u0003"])("ends when %j is typed, and leaves raw mode", async (key) => {
    const context = testContext(noLibrary, { terminal: true });
    const raw: boolean[] = [];
    context.stdin.isTTY = true;
    context.stdin.setRawMode = (on) => raw.push(on);
    const view: View = async (signal) => {
      context.stdin.write(key);
      if (!signal.aborted) await once(signal, "abort");
      throw signal.reason;
    };
    await live(view, options, context);
    expect(raw).toEqual([true, false]);
  });
});
