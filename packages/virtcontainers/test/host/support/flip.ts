import { Worker } from "node:worker_threads";
import { onTestFinished } from "vitest";

/** Exchanges two paths for ever, as fast as it can, as another user would to win a race: renameat2(2), RENAME_EXCHANGE. */
const script = `
const { workerData, parentPort } = require("node:worker_threads");
const koffi = require(workerData.koffi);
const { paths, stop } = workerData;
const exchange = koffi.load(null).func(
  "int renameat2(int from, const char *a, int to, const char *b, uint flags)",
);
parentPort.postMessage("begun");
while (Atomics.load(stop, 0) === 0) exchange(-100, paths[0], -100, paths[1], 2);
`;

/** Goes on until the test has finished, or what this gives is called. */
export async function flip(one: string, other: string): Promise<() => Promise<void>> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const koffi = new URL(import.meta.resolve("koffi")).pathname;
  const worker = new Worker(script, {
    eval: true,
    workerData: { paths: [one, other], stop, koffi },
  });
  const exited = new Promise((resolve) => worker.once("exit", resolve));
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
  const end = async (): Promise<void> => {
    Atomics.store(stop, 0, 1);
    await exited;
  };
  onTestFinished(end);
  return end;
}
