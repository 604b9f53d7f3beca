/** An ordinary user's house, worked with as he: does each action that it is told, and prints what came of it, a line each. */

import type { Processes } from "../../../../../src/host/host.ts";
import { House } from "../../../../../src/host/network/house/house.ts";
import { createHost } from "../../../../../src/host/real.ts";

const [, , killAt = "", without = "", ...actions] = process.argv;
const { processes, locks } = createHost();

let step = 0;
/** Ends this process, as a kill does, before or after one of the programs that the house is made with. */
function passed(when: "before" | "after"): void {
  if (`${when} ${step}` === killAt) process.kill(process.pid, "SIGKILL");
}

const counted: Processes = {
  ...processes,
  which: async (name) => (name === without ? undefined : await processes.which(name)),
  run: async (...args) => {
    step++;
    passed("before");
    const result = await processes.run(...args);
    passed("after");
    return result;
  },
};
const house = new House(counted, locks);

const known: Readonly<Record<string, () => Promise<unknown>>> = {
  obtain: () => house.obtain(),
  connect: () => house.connected(async (holder) => holder),
  find: async () => house.find() ?? null,
  mend: () => house.mend(),
  collectGarbage: async () => {
    const { VirtContainers } = await import("../../../../../src/api/virtcontainers.ts");
    return await new VirtContainers().collectGarbage();
  },
  leave: async () => {
    await house.leave();
    return null;
  },
};

for (const action of actions) {
  const answer = await known[action]?.().catch((error: unknown) => String(error));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
process.stdout.write(`${JSON.stringify({ steps: step })}\n`);
