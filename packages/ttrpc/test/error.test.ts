import { expect, test } from "vitest";
import { TtrpcError } from "../src/index.ts";

test("the message begins with the code", () => {
  const error = new TtrpcError("not_found", "no such container");
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe("[not_found] no such container");
  expect(error).toMatchObject({ name: "TtrpcError", code: "not_found", remote: false });
  expect(error.details).toEqual([]);
  expect("cause" in error).toBe(false);
});

test("from keeps a TtrpcError and wraps everything else", () => {
  const own = new TtrpcError("aborted", "x");
  expect(TtrpcError.from(own, "internal")).toBe(own);
  const cause = new RangeError("premature EOF");
  expect(TtrpcError.from(cause, "internal")).toMatchObject({
    code: "internal",
    text: "premature EOF",
    cause,
  });
  expect(TtrpcError.from("text", "unknown").message).toBe("[unknown] text");
});
