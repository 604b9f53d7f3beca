import { mkdir } from "node:fs/promises";
import { hostError } from "../host/errno.ts";

export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw hostError(error, `making the folder ${path}`);
  }
}
