import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the example in the documentation is the one that is tested", () => {
  const page = readFileSync(new URL("../../../../docs/testing.md", import.meta.url), "utf8");
  const example = readFileSync(new URL("./example.test.ts", import.meta.url), "utf8");
  expect(/```ts\n([\s\S]*?)```/.exec(page)?.[1]).toBe(example);
});
