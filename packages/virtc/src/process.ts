import { spawnSync } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import type { Context, Output } from "./context.ts";
import { OutputBroken } from "./errors/output-broken.ts";
import { exitCodeOf, report } from "./errors/report.ts";
import type { Library, LibraryOptions } from "./library.ts";

/** The context of the real process. */
export function processContext(self: NodeJS.Process): Context & { flush(): Promise<void> } {
  let library: Promise<Library> | undefined;
  const load = async (options: LibraryOptions): Promise<Library> => {
    const { VirtContainers } = await import("virtcontainers");
    const level = context.logLevel;
    if (level === undefined) return new VirtContainers(options);
    const { createLogger } = await import("./logger.ts");
    return new VirtContainers({ ...options, logger: createLogger(level) });
  };
  const context = {
    env: self.env,
    cwd: self.cwd(),
    get stdin() {
      return self.stdin;
    },
    stdout: self.stdout,
    stderr: self.stderr,
    // libuv's raw mode goes on turning line feeds into two characters, which breaks full-screen programs.
    rawOutput: () => void spawnSync("stty", ["-opost"], { stdio: ["inherit", "ignore", "ignore"] }),
    signals: self,
    logLevel: self.env.VIRTC_LOG_LEVEL || undefined,
    exitCode: 0,
    library(options: LibraryOptions = {}) {
      library ??= load(options);
      return library;
    },
    async flush() {
      await Promise.all([drained(self.stdout), drained(self.stderr)]);
      // A failure is told by an event that comes a moment later.
      await setImmediate();
    },
  };
  endOnBrokenOutput(self, context);
  return context;
}

/**
 * Output that can't be written is no success, whoever wrote it: this ends the process, without a word when nobody
 * reads the output, like other tools. `attach` handles it where a container runs.
 */
function endOnBrokenOutput(self: NodeJS.Process, context: Context): void {
  const onError = (stream: Output) => (cause: NodeJS.ErrnoException) => {
    if (stream.listenerCount("error") > 1) return;
    const error = new OutputBroken(cause);
    if (stream === self.stdout) report(error, context);
    self.exit(exitCodeOf(error));
  };
  for (const stream of [self.stdout, self.stderr]) stream.on("error", onError(stream));
}

function drained(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
