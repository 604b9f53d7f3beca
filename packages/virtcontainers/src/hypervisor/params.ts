import type { Param } from "../config/hypervisor.ts";

/** Parameters as words of a command line: key and value with `delim` between them, or as two words without one. */
export function serializeParams(params: readonly Param[], delim: string): string[] {
  return params.flatMap(({ key, value }) => {
    if (key === "" || value === "") return key + value === "" ? [] : [key + value];
    return delim === "" ? [key, value] : [`${key}${delim}${value}`];
  });
}

/** Words such as `quiet` and `console=ttyS0` as parameters. */
export function deserializeParams(parameters: readonly string[]): Param[] {
  return parameters
    .filter((word) => word !== "")
    .map((word) => {
      const at = word.indexOf("=");
      return at < 0
        ? { key: word, value: "" }
        : { key: word.slice(0, at), value: word.slice(at + 1) };
    });
}
