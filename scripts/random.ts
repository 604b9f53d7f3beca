import { parseArgs } from "node:util";
import { runRandomly } from "../packages/virtcontainers/test/random/run.ts";

const usage = `npm run random -- [--seconds N] [--seed S] [--processes P] [--kills] [--vm]

Random calls of several processes on sandboxes of the doubles, or with --vm on a few real VMs with several containers
each, held against a model of what may come out. What the processes hold at the end, descriptors and memory, is
compared with the beginning.`;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    processes: { type: "string", default: "3" },
    kills: { type: "boolean", default: false },
    vm: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const [seconds, seed, processes] = [values.seconds, values.seed, values.processes].map(Number);
if (![seconds, seed, processes].every((n) => Number.isInteger(n) && Number(n) > 0)) {
  console.error(usage);
  process.exit(2);
}
const options = {
  seconds: seconds ?? 60,
  seed: seed ?? 1,
  processes: processes ?? 3,
  kills: values.kills,
  vm: values.vm,
};
const { counts, violations } = await runRandomly(options, console.log);
console.log(JSON.stringify(counts, undefined, 2));
for (const { seed: of, what, history } of violations) {
  console.log(`seed ${of}: ${what}`);
  for (const call of history) console.log(`  ${JSON.stringify(call)}`);
}
process.exit(violations.length > 0 ? 1 : 0);
