import { describe, expect, it } from "vitest";
import { median, sum } from "../stats.ts";

describe("median", () => {
  it("takes the middle of an odd number of values, whatever their order", () => {
    expect(median([30, 1, 7])).toBe(7);
    expect(median([5])).toBe(5);
  });
  it("takes the mean of the two in the middle of an even number", () => {
    expect(median([10, 1, 2, 100])).toBe(6);
  });
  it("leaves its input as it is, and gives NaN for nothing", () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(median([])).toBeNaN();
  });
});

it("adds up", () => {
  expect(sum([1, 2, 3.5])).toBe(6.5);
  expect(sum([])).toBe(0);
});
