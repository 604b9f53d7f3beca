import { join } from "node:path";
import { expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import { testFolder } from "../support/folder.ts";

test("the chosen call fails, and the others do what they always do", async () => {
  const path = join(await testFolder(), "lock");
  const host = createFaultyHost(createHost(), [{ at: "locks.acquire", nth: 2, with: "ENOSPC" }]);
  const first = await host.locks.acquire(path, "exclusive", { create: true });
  await expect(host.locks.acquire(path, "exclusive")).rejects.toMatchObject({ code: "ENOSPC" });
  first?.release();
  (await host.locks.acquire(path, "exclusive", { timeoutMs: 20_000 }))?.release();
  expect(host.uid).toBe(process.getuid?.());
});

test("failpoints can fail too", () => {
  const failure = new Error("at the point");
  const host = createFaultyHost(createHost(), [{ at: "failpoint:middle", with: failure }]);
  host.failpoint("start");
  expect(() => host.failpoint("middle")).toThrow(failure);
});
