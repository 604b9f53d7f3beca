/** Maps a command over many inputs, some at a time; results are in the order of the inputs. */
import { Sandbox } from "virtcontainers";

const inputs = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
const atOnce = 3;

/** As Promise.all over a map, with no more than so many calls under way. */
async function mapLimited<In, Out>(
  items: readonly In[],
  limit: number,
  call: (item: In, signal: AbortSignal) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  const left = items.entries();
  const stop = new AbortController();
  const work = async () => {
    for (const [index, item] of left) results[index] = await call(item, stop.signal);
  };
  const workers = Array.from({ length: limit }, work);
  try {
    await Promise.all(workers);
  } finally {
    // One has failed: the commands of the others are killed, and nothing goes on behind the caller's back.
    stop.abort();
    await Promise.allSettled(workers);
  }
  return results;
}

await using sandbox = await Sandbox.create({ cpus: 2 });
const digests = await mapLimited(inputs, atOnce, async (input, signal) => {
  const { stdout } = await sandbox.exec(["sha256sum"], { stdin: input, check: true, signal });
  return stdout.slice(0, 12);
});

for (const [index, input] of inputs.entries()) console.log(input.padEnd(6), digests[index]);
