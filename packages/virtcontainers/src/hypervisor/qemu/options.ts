import { invalidArgument } from "../../errors.ts";

/**
 * One value inside a comma-separated option of QEMU: a comma is doubled, as qemu(1) says of file names.
 * Control characters are refused, so that no value can begin an option of its own.
 */
export function optionValue(field: string, value: string): string {
  if (/[\u0000-\u001f\u007f]/.test(value)) {
    throw invalidArgument(field, value, "it must have no control characters");
  }
  return value.replaceAll(",", ",,");
}

/** `driver,key=value,...` from parts of which the undefined ones are left out. */
export function option(
  name: string,
  values: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parts = [name];
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    const text = typeof value === "boolean" ? (value ? "on" : "off") : String(value);
    parts.push(`${key}=${optionValue(key, text)}`);
  }
  return parts.filter((part) => part !== "").join(",");
}
