import { expect, it } from "vitest";
import { readPage } from "./support/pages.ts";

it("tells what to do about every error code, and about no other", () => {
  const source = readPage("packages/virtcontainers/src/errors.ts");
  const union = /export type ErrorCode =(.*?);/s.exec(source)?.[1] ?? "";
  const codes = [...union.matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code);
  const page = readPage("docs/troubleshooting.md");
  const headings = [...page.matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);
  expect(codes.length).toBeGreaterThan(20);
  expect(headings).toEqual(codes);
});
