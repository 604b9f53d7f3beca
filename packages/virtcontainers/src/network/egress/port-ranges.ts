import type { PortRange } from "../../config/network/egress/ports.ts";

export function without(ranges: readonly PortRange[], ports: readonly number[]): PortRange[] {
  return ports.reduce<PortRange[]>(
    (left, port) =>
      left.flatMap(({ from, to }) => {
        if (port < from || port > to) return [{ from, to }];
        const parts = [
          { from, to: port - 1 },
          { from: port + 1, to },
        ];
        return parts.filter((part) => part.from <= part.to);
      }),
    [...ranges],
  );
}

/** In order, with what overlaps or touches as one: nft refuses an interval that it has already. */
export function merged(ranges: readonly PortRange[]): PortRange[] {
  const all: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = all.at(-1);
    if (last !== undefined && range.from <= last.to + 1) last.to = Math.max(last.to, range.to);
    else all.push({ ...range });
  }
  return all;
}

export function hasPort(ranges: readonly PortRange[], port: number): boolean {
  return ranges.some(({ from, to }) => from <= port && port <= to);
}
