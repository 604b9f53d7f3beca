import { describe, expect, test } from "vitest";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";

const config = { containers: [{ id: "main", image: "busybox", waits: true }] };
const make = (instance: TestInstance, id = "box") =>
  instance.vc.runSandbox({ ...config, id }, { deleteOnDispose: true });

describe("at the end of its block a sandbox", () => {
  test("that was deleted in the block is no error", async () => {
    await using instance = await createTestInstance();
    {
      await using sandbox = await make(instance);
      await sandbox.delete({ force: true });
    }
    expect(await instance.vc.listSandbox()).toEqual([]);
  });

  test("that another process removed leaves the block's own error as it is", async () => {
    await using instance = await createTestInstance();
    const block = async () => {
      await using sandbox = await make(instance);
      await instance.another().deleteSandbox(sandbox.id, { force: true });
      throw new RangeError("the user's own");
    };
    await expect(block()).rejects.toThrow(new RangeError("the user's own"));
  });

  test("is not taken for another that was given its id meanwhile", async () => {
    await using instance = await createTestInstance();
    {
      await using sandbox = await make(instance);
      await sandbox.delete({ force: true });
      await (await instance.another().runSandbox({ ...config, id: "box" })).release();
    }
    expect((await instance.vc.statusSandbox("box")).state).toBe("running");
  });

  test("is gone, if nobody has done it before", async () => {
    await using instance = await createTestInstance();
    {
      await using sandbox = await make(instance);
      await sandbox.exec(["true"]);
    }
    expect(await instance.vc.listSandbox()).toEqual([]);
  });
});
