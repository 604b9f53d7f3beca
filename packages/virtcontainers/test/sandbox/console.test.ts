import { expect, it } from "vitest";
import { createTestInstance } from "../../src/testing/index.ts";

it("a guest without programs for a console is told apart, before anything is asked of it", async () => {
  await using instance = await createTestInstance();
  const sandbox = await instance.vc.runSandbox({ id: "pod1" });
  await expect(sandbox.openConsole()).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    sandboxId: "pod1",
  });
  await expect(sandbox.openConsole({ size: { rows: 0, columns: 80 } })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "size.rows",
  });
  await sandbox.release();
});
