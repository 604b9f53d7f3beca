import { closeSync } from "node:fs";
import type { OpenDescriptor } from "./host.ts";

/** Closed once, however often that is asked for: its number may be another's by then. */
export function openDescriptor(fd: number): OpenDescriptor {
  let open = true;
  return {
    fd,
    close: async () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
