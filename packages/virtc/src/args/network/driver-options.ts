import type { NetworkDriver } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";
import { parseAnnotations } from "../annotations.ts";
import { given } from "../given.ts";

export const drivers = ["bridge", "macvlan", "ipvlan"] as const satisfies readonly NetworkDriver[];

/** `parent=eth0` and, with the driver's name, `macvlan_mode=bridge`. */
export function parseDriverOptions(
  driver: NetworkDriver = "bridge",
  texts: readonly string[],
): { parent?: string; mode?: string } {
  const mode = `${driver}_mode`;
  const known = driver === "bridge" ? [] : ["parent", mode];
  const options = parseAnnotations("--opt", texts);
  const other = Object.keys(options).find((key) => !known.includes(key));
  if (other !== undefined) {
    const rule = known.length === 0 ? "there are none" : `they are ${known.join(" and ")}`;
    throw badValue("--opt", other, `of the driver ${driver} ${rule}`);
  }
  return given({ parent: options.parent, mode: options[mode] });
}
