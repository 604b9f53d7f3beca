import { closeSync, fstatSync, openSync } from "node:fs";
import { expect, test } from "vitest";
import { openDescriptor } from "../../src/host/open-descriptor.ts";

test("a descriptor is closed once, and what has its number afterwards is left alone", async () => {
  const descriptor = openDescriptor(openSync("/dev/null", "r"));
  await descriptor.close();
  const next = openSync("/dev/zero", "r");
  expect(next).toBe(descriptor.fd);
  await descriptor.close();
  expect(fstatSync(next).isCharacterDevice()).toBe(true);
  closeSync(next);
});
