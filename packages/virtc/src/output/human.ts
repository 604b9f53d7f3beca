const decimal = ["B", "kB", "MB", "GB", "TB"] as const;
const binary = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** A number of bytes in decimal units, such as `4.5MB`. */
export function bytes(count: number): string {
  return scaled(count, 1000, decimal);
}

/** A number of bytes in binary units, such as `4.5MiB`, which memory is measured in. */
export function memory(count: number): string {
  return scaled(count, 1024, binary);
}

function scaled(count: number, step: number, units: readonly string[]): string {
  let value = count;
  let unit = 0;
  while (value >= step - 0.5 && unit < units.length - 1) {
    value /= step;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)}${units[unit]}`;
}

const spans: readonly [string, number][] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** The time since a moment (ISO 8601) in one unit, such as `5 minutes`. */
export function since(moment: string, now = Date.now()): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(moment)) / 1000));
  if (Number.isNaN(seconds)) return "an unknown time";
  for (const [name, length] of spans) {
    const count = Math.floor(seconds / length);
    if (count >= 1) return `${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return "less than a second";
}
