import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder that goes with the test. */
export async function testFolder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "virtc-test-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
