import { expect, test } from "vitest";
import {
  addressIn,
  blockText,
  overlap,
  parseBlock,
  readBlock,
  sizeOf,
} from "../../src/network/block.ts";

test.each([
  ["10.1.2.3/8", "10.0.0.0/8"],
  ["10.1.2.3", "10.1.2.3"],
  ["fd00:1::5/64", "fd00:1::/64"],
  ["::ffff:1.2.3.4", "::ffff:102:304"],
  ["default", undefined],
  ["10.0.0.0/33", undefined],
  ["fe80::1%eth0", undefined],
])("%s is the block %s", (text, block) => {
  const read = readBlock(text);
  expect(read && blockText(read)).toBe(block);
});

test.each([
  ["10.0.0.0/8", "10.9.0.0/16", true],
  ["10.9.0.0/16", "10.0.0.0/8", true],
  ["10.0.0.0/16", "10.1.0.0/16", false],
  ["0.0.0.0/0", "::/0", false],
])("%s and %s have addresses in common: %s", (one, other, common) => {
  expect(overlap(parseBlock(one), parseBlock(other))).toBe(common);
});

test("addresses of a block are counted from its first one", () => {
  const block = parseBlock("10.1.2.77/24");
  expect(sizeOf(block)).toBe(256n);
  expect([0, 1, 255].map((number) => addressIn(block, number))).toEqual([
    "10.1.2.0",
    "10.1.2.1",
    "10.1.2.255",
  ]);
  expect(addressIn(parseBlock("fd00::/64"), 65_535)).toBe("fd00::ffff");
});
