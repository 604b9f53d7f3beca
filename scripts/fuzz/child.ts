import { writeSync } from "node:fs";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** Fuzzes one target, and writes to its third descriptor where it is, for whoever finds it dead. */
const [name = "", seed = "", seconds = "", only = ""] = process.argv.slice(2);
const target = targets[name];
if (target === undefined) throw new RangeError(`there is no target ${name}`);
const number = Buffer.alloc(8);
const result = await fuzz(target, {
  seed,
  seconds: Number(seconds),
  ...(only !== "" && { only: Number(only) }),
  onInput(index) {
    number.writeBigUInt64LE(BigInt(index));
    writeSync(3, number, 0, 8, 0);
  },
});
process.stdout.write(JSON.stringify(result));
// What a hanging input left must not keep this process.
process.exit(0);
