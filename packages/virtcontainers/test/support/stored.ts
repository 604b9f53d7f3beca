import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestInstance } from "../../src/testing/index.ts";

export function storedPath(instance: TestInstance, id: string, name = "sandbox.json"): string {
  return join(instance.folder, "state", "sbs", id, name);
}

export function editStored(
  instance: TestInstance,
  id: string,
  edit: (stored: Record<string, unknown>) => void,
): void {
  const path = storedPath(instance, id);
  const stored: Record<string, unknown> = JSON.parse(readFileSync(path, "utf8"));
  edit(stored);
  writeFileSync(path, JSON.stringify(stored));
}
