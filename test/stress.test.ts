import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import * as v from "valibot";
import { expect, test } from "vitest";
import { leftovers, testInstance } from "./support/instance.ts";

const processes = 20;
/** Minutes of it are for people: `VIRTC_STRESS_SECONDS=300 npx vitest run --project e2e test/stress.test.ts`. */
const seconds = Number(process.env.VIRTC_STRESS_SECONDS ?? 15);
const script = join(import.meta.dirname, "support", "stress-child.ts");
const Work = v.object({ done: v.number(), longestMs: v.number() });

async function work(args: readonly string[]): Promise<v.InferOutput<typeof Work>> {
  const child = spawn(process.execPath, ["--import", "tsx", script, ...args]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (errors !== "") throw new Error(errors);
  return v.parse(Work, JSON.parse(output));
}

test("twenty processes use one sandbox at once, with fewer ports than they are: no error, none is left out", {
  timeout: (seconds + 300) * 1000,
}, async () => {
  await using instance = await testInstance();
  const containers = [{ id: "main", image: "busybox", waits: true }];
  const sandbox = await instance.vc.runSandbox({ id: "busy", containers });
  const args = [instance.stateDir, instance.dataDir, "busy", String(seconds)];
  const all = await Promise.all(Array.from({ length: processes }, () => work(args)));
  const counts = all.map(({ done }) => done).sort((a, b) => a - b);
  const longestMs = Math.max(...all.map((each) => each.longestMs));
  console.log(`rounds of each process: ${counts.join(" ")}; the longest took ${longestMs} ms`);
  expect(counts[0]).toBeGreaterThan(0);
  expect((await sandbox.exec(["echo", "fine"])).stdout).toBe("fine\n");
  await sandbox.delete({ force: true });
  expect(leftovers(instance)).toEqual([]);
});
