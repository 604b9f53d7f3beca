import { isAbsolute, resolve } from "node:path";
import type { Mount } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { bindOptions } from "./options.ts";

/** `SOURCE:PATH[:OPTIONS]`: a folder or file of the host where SOURCE has a slash, else a named volume. */
export function parseVolume(text: string, cwd: string): Mount {
  const [source = "", destination = "", options, ...more] = text.split(":");
  if (source === "" || !isAbsolute(destination) || more.length > 0) {
    throw badValue(
      "--volume",
      text,
      "it must be SOURCE:PATH or SOURCE:PATH:ro, with an absolute PATH",
    );
  }
  const common = {
    destination,
    ...(options !== undefined && { options: bindOptions("--volume", text, options) }),
  };
  return source.includes("/") || source === "."
    ? { type: "bind", source: resolve(cwd, source), ...common }
    : { type: "volume", source, ...common };
}
