import { isAbsolute, resolve } from "node:path";
import type { Mount } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { anonymousName } from "./anonymous.ts";
import { bindOptions } from "./options.ts";

/**
 * `SOURCE:PATH[:OPTIONS]`: a folder or file of the host where SOURCE has a slash, else a named volume. `PATH` alone is a
 * volume without a name.
 */
export function parseVolume(text: string, cwd: string): Mount {
  if (isAbsolute(text) && !text.includes(":"))
    return { type: "volume", source: anonymousName(), destination: text };
  const [source = "", destination = "", options, ...more] = text.split(":");
  if (source === "" || !isAbsolute(destination) || more.length > 0) {
    throw badValue(
      "--volume",
      text,
      "it must be PATH, SOURCE:PATH or SOURCE:PATH:ro, with an absolute PATH",
    );
  }
  const given = options?.split(",");
  const flags = (names: string[] | undefined) =>
    names !== undefined && names.length > 0 && { options: bindOptions("--volume", text, names) };
  if (source.includes("/") || source === ".")
    return { type: "bind", source: resolve(cwd, source), destination, ...flags(given) };
  const noCopy = given?.includes("nocopy") && { noCopy: true };
  const others = given?.filter((name) => name !== "nocopy");
  return { type: "volume", source, destination, ...noCopy, ...flags(others) };
}
