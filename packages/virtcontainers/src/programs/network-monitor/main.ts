#!/usr/bin/env node
import { follow } from "./follow.ts";
import { monitorInstance } from "./instance.ts";
/**
 * What runs beside a sandbox with a network monitor: `follow SANDBOX [-d]` is the monitor, and `kata-network` is what
 * another program in its place has changes done by.
 */
import { kataNetwork } from "./kata-network.ts";

const [word, ...args] = process.argv.slice(2);

try {
  const vc = monitorInstance(args.includes("-d"));
  if (word === "follow") await follow(vc, args);
  else if (word === "kata-network") await kataNetwork(vc, args);
  else throw new Error(`there is no command ${word}: it is follow or kata-network`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
