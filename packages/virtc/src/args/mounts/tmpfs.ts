import { isAbsolute } from "node:path";
import type { Mount } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { parseMiB } from "../size.ts";
import { tmpfsOptions } from "./options.ts";

/** The limits of the library's sizeMiB. */
export const sizes = [1, 16 * 1024 ** 2] as const;

/** `PATH[:size=SIZE,OPTIONS]`: memory of the guest. */
export function parseTmpfs(text: string): Mount {
  const at = text.indexOf(":");
  const destination = at < 0 ? text : text.slice(0, at);
  const options = at < 0 ? [] : text.slice(at + 1).split(",");
  if (!isAbsolute(destination)) throw badValue("--tmpfs", text, "it must be PATH or PATH:size=64m");
  const size = options.find((option) => option.startsWith("size="))?.slice("size=".length);
  const others = options.filter((option) => !option.startsWith("size="));
  return {
    type: "tmpfs",
    destination,
    ...(size !== undefined && { sizeMiB: parseMiB("--tmpfs", size, ...sizes) }),
    options: tmpfsOptions("--tmpfs", text, others),
  };
}

/** Memory for the /dev/shm of a container. */
export function parseShmSize(text: string): Mount {
  return {
    type: "tmpfs",
    source: "shm",
    destination: "/dev/shm",
    sizeMiB: parseMiB("--shm-size", text, ...sizes),
    options: ["nosuid", "noexec", "nodev", "mode=1777"],
  };
}
