import { expect, test } from "vitest";
import { spareIn } from "../../src/resources/spare-memory.ts";

const line = (bytes: unknown): string => `kata_guest_meminfo{item="memavailable"} ${bytes}`;

test.each([
  [`# TYPE x gauge\n${line(100 * 1024 * 1024)}\nkata_guest_load 1\n`, 68],
  [line(1024), 0],
  ['kata_guest_meminfo{item="memfree"} 1048576\n', undefined],
  [line("many"), undefined],
  [line("9".repeat(30)), undefined],
])("of the metrics %j a guest can spare %s MiB", (metrics, spare) => {
  expect(spareIn(metrics)).toBe(spare);
});
