import { makeTar, type TarMember } from "../../../../../test/support/tar.ts";

/** Archives that are small packed and want much memory or time, each by a way of its own. */
export const bombs: Readonly<Record<string, () => readonly TarMember[]>> = {
  "PAX headers without an entry": () =>
    repeat(300, (number) => extension("x", `k${number}`, 1024 * 1024 - 64)),
  "PAX attributes without an entry": () =>
    repeat(300, (number) => extension("x", `SCHILY.xattr.user.k${number}`, 1024 * 1024 - 64)),
  "global PAX attributes": () =>
    repeat(300, (number) => extension("g", `SCHILY.xattr.user.k${number}`, 1024 * 1024 - 64)),
  "implied folders": () =>
    repeat(600, (number) => ({
      path: `${String(number).padStart(6, "0")}/${"a/".repeat(2040)}f`,
    })),
  "long names": () =>
    repeat(300, (number) => ({ path: `${number}${"n".repeat(1024 * 1024 - 80)}` })),
  "long links": () =>
    repeat(300, (number) => ({
      path: `${number}`,
      type: "2",
      linkTarget: "n".repeat(1024 * 1024 - 80),
    })),
  "links of many steps": () => [
    { path: "d/" },
    ...repeat(39, (number) => ({
      path: `l${number}`,
      type: "2",
      linkTarget: `${"d/../".repeat(815)}${number === 0 ? "d" : `l${number - 1}`}`,
    })),
    ...repeat(200, (number) => ({ path: `l38/${number}` })),
  ],
  "a tree of no end": () => [
    { path: "a/".repeat(2000) },
    ...repeat(30, (number) => [
      {
        path: `l${number}`,
        type: "2",
        linkTarget: `${number === 0 ? "" : `l${number - 1}/`}${"a/".repeat(2000)}`,
      },
      { path: `l${number}/${"a/".repeat(2000)}` },
    ]).flat(),
  ],
};

function extension(type: string, key: string, valueBytes: number): TarMember {
  const text = ` ${key}=${"v".repeat(valueBytes)}\n`;
  const length = text.length + 7;
  return { path: "p", type, content: `${length}${text}` };
}

function repeat<T>(count: number, make: (number: number) => T): T[] {
  return Array.from({ length: count }, (_, number) => make(number));
}

/** The bomb in pieces, so that the test itself needs little memory. */
export function* bombParts(members: readonly TarMember[]): Generator<Buffer> {
  for (const member of members) yield makeTar([member], { end: false });
  yield Buffer.alloc(1024);
}
