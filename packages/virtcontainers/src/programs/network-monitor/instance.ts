import { closeSync, openSync } from "node:fs";
import * as v from "valibot";
import { VirtContainers } from "../../api/virtcontainers.ts";
import { createLibc } from "../../host/libc.ts";
import { cloneNewnet } from "../../host/network/identity.ts";
import type { Logger } from "../../log.ts";
import { homeVariable, optionsVariable } from "../../network/monitor/variables.ts";

const Options = v.strictObject({ stateDir: v.string(), dataDir: v.string() });

/** The instance whose sandbox has the monitor; this process works where that does, whatever namespace it was started in. */
export function monitorInstance(debug: boolean): VirtContainers {
  const options = process.env[optionsVariable];
  const home = process.env[homeVariable];
  if (options === undefined || home === undefined)
    throw new Error("this program is for network monitors: virtcontainers starts them");
  goHome(home);
  const folders = v.parse(v.pipe(v.string(), v.parseJson(), Options), options);
  return new VirtContainers({ ...folders, logger: lines(debug) });
}

/** Before anything else runs, so that all of this process is there. */
function goHome(home: string): void {
  if (process.geteuid?.() !== 0) return;
  const fd = openSync(home, "r");
  try {
    createLibc()().setns(fd, cloneNewnet);
  } finally {
    closeSync(fd);
  }
}

/** A log on the standard error output, whose size is limited: what has no room is dropped. */
function lines(debug: boolean): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const said = JSON.stringify({
      time: new Date().toISOString(),
      level,
      message,
      ...plain(fields),
    });
    process.stderr.write(`${said}\n`, () => {});
  };
  process.stderr.on("error", () => {});
  const nothing = (): void => {};
  return {
    debug: debug ? write("debug") : nothing,
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  };
}

function plain(fields: object): object {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, value instanceof Error ? value.message : value]),
  );
}
