import { spawnSync } from "node:child_process";
import type { Context, Output } from "./context.ts";
import { exitCodes } from "./errors/report.ts";
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
    },
  };
  endOnBrokenPipe(self);
  return context;
}

/** Like other tools, ends without a word when nobody reads the output; `attach` handles it where a container runs. */
function endOnBrokenPipe(self: NodeJS.Process): void {
  const onError = (stream: Output) => (error: NodeJS.ErrnoException) => {
    if (stream.listenerCount("error") > 1) return;
    if (error.code === "EPIPE") self.exit(exitCodes.brokenPipe);
    throw error;
  };
  for (const stream of [self.stdout, self.stderr]) stream.on("error", onError(stream));
}

function drained(stream: Output): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
