import { badValue } from "../errors/usage.ts";

const factors: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
  t: 1024 ** 4,
};
const mebibyte = 1024 ** 2;

/** Bytes of a size such as `512m`, `1.5g`, `64MiB` or `1048576`: binary units, as docker reads them. */
export function parseSize(option: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  const factor = factors[match?.[2]?.toLowerCase() ?? "none"];
  const bytes = Math.round(Number(match?.[1]) * (factor ?? Number.NaN));
  if (!Number.isSafeInteger(bytes) || bytes <= 0) {
    throw badValue(option, text, "it must be a size such as 512m or 1g (units b, k, m, g, t)");
  }
  return bytes;
}

/** Whole MiB of a size, rounded up, within limits in MiB. */
export function parseMiB(option: string, text: string, min: number, max: number): number {
  const mib = Math.ceil(parseSize(option, text) / mebibyte);
  if (mib < min || mib > max) {
    const plain = /^\d+$/.test(text.trim())
      ? `; a number without a unit is bytes, ${text}m is MiB`
      : "";
    throw badValue(option, text, `it must be from ${mebibytes(min)} to ${mebibytes(max)}${plain}`);
  }
  return mib;
}

function mebibytes(mib: number): string {
  if (mib % 1024 ** 2 === 0) return `${mib / 1024 ** 2}t`;
  return mib % 1024 === 0 ? `${mib / 1024}g` : `${mib}m`;
}
