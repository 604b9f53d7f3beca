import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFaultyHost } from "../../src/host/faulty.ts";
import { createHost } from "../../src/host/real.ts";
import { Sandbox } from "../../src/index.ts";
import { Store } from "../../src/store/store.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";

const config = { containers: [{ id: "main", image: "busybox", waits: true }] };
const make = (instance: TestInstance, id = "box") => instance.vc.runSandbox({ ...config, id });

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

  test("that somebody removes while it is being deleted is no error", async () => {
    let tell: (() => void) | undefined;
    const host = createFaultyHost(createHost(), [], (at) => {
      if (at === "locks.acquire") tell?.();
    });
    await using instance = await createTestInstance({ host });
    const sandbox = await make(instance);
    const store = new Store(createHost(), join(instance.folder, "state"));
    const hold = await store.lock("box", "exclusive");
    const waits = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const disposed = sandbox[Symbol.asyncDispose]();
    await waits;
    await store.under(hold).ledger("box").releaseAll();
    await store.under(hold).remove("box");
    hold.release();
    await disposed;
    expect(await instance.vc.listSandbox()).toEqual([]);
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

  test.each(["createSandbox", "runSandbox"] as const)(
    "of %s is gone, unless deleteOnDispose is false",
    async (make) => {
      await using instance = await createTestInstance();
      {
        await using _gone = await instance.vc[make]({ ...config, id: "gone" });
        await using _kept = await instance.vc[make](
          { ...config, id: "kept" },
          { deleteOnDispose: false },
        );
      }
      expect((await instance.vc.listSandbox()).map(({ id }) => id)).toEqual(["kept"]);
    },
  );

  test.each(["fetchSandbox", "connectSandbox"] as const)(
    "of %s goes on, since the block has not made it",
    async (find) => {
      await using instance = await createTestInstance();
      await using made = await make(instance);
      {
        await using _found = await instance.another()[find](made.id);
      }
      expect((await made.status()).state).toBe("running");
    },
  );

  test("of the short form is gone as well", async () => {
    await using instance = await createTestInstance({ asDefault: true });
    {
      await using _sandbox = await Sandbox.create({ network: "none" });
      expect(await Sandbox.list()).toHaveLength(1);
    }
    expect(await instance.vc.listSandbox()).toEqual([]);
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
