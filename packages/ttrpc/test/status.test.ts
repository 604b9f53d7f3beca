import { expect, test } from "vitest";
import { statusCode, statusNumber } from "../src/index.ts";

test.each([
  [0, "ok"],
  [1, "cancelled"],
  [2, "unknown"],
  [3, "invalid_argument"],
  [4, "deadline_exceeded"],
  [5, "not_found"],
  [6, "already_exists"],
  [7, "permission_denied"],
  [8, "resource_exhausted"],
  [9, "failed_precondition"],
  [10, "aborted"],
  [11, "out_of_range"],
  [12, "unimplemented"],
  [13, "internal"],
  [14, "unavailable"],
  [15, "data_loss"],
  [16, "unauthenticated"],
] as const)("%i is %s", (number, code) => {
  expect(statusCode(number)).toBe(code);
  expect(statusNumber(code)).toBe(number);
});

test.each([17, -1, 2 ** 31 - 1])("%i, which no version knows, is unknown", (number) => {
  expect(statusCode(number)).toBe("unknown");
});
