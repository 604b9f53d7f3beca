import { isVirtError } from "virtcontainers";
import { expect, test } from "vitest";
import { testInstance } from "./support/instance.ts";

test("commands that are called off at any moment of their start: none is left running", async () => {
  await using instance = await testInstance();
  await using sandbox = await instance.vc.runSandbox({
    containers: [{ id: "c1", image: "busybox", waits: true }],
  });
  const wrong: unknown[] = [];
  for (let ms = 1; ms <= 60; ms++) {
    const run = sandbox.exec(["sleep", "1000"], { timeoutMs: ms });
    await Promise.resolve(run).then(
      () => wrong.push("it came to its end"),
      (error: unknown) => {
        // The guest answers, so it can confirm.
        if (!isVirtError(error, "TIMEOUT")) wrong.push(error);
        else if (error.message.includes("has not confirmed")) wrong.push(error.message);
      },
    );
  }
  expect(wrong).toEqual([]);
  const table = await sandbox.processListContainer("c1", { format: "table", args: ["-ef"] });
  expect(table).not.toContain("sleep");
});
