import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { sandboxIn, waiting } from "../support/sandbox.ts";
import { editStored, storedPath } from "../support/stored.ts";

let instance: TestInstance;
beforeEach(async () => {
  instance = await createTestInstance();
});
afterEach(() => instance[Symbol.asyncDispose]());

const folderOf = (id: string): string => join(instance.folder, "state", "sbs", id);

describe("what is no sandbox any more", () => {
  test("a folder that its maker did not get to lock", async () => {
    mkdirSync(folderOf("half"), { recursive: true });
    expect((await refusal(instance.vc.createSandbox({ id: "half" }))).code).toBe("ALREADY_EXISTS");
    expect(await instance.vc.listSandbox()).toEqual([]);
    expect((await refusal(instance.vc.deleteSandbox("half"))).code).toBe("SANDBOX_NOT_FOUND");
    expect(await instance.vc.reclaim()).toEqual(["half"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("or is deleted by force", async () => {
    mkdirSync(folderOf("half"), { recursive: true });
    await instance.vc.deleteSandbox("half", { force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("one from before the machine's last boot: listed as stopped, and reclaimed", async () => {
    await sandboxIn(instance, "running", "old");
    editStored(instance, "old", (stored) => {
      stored.bootId = "00000000-0000-0000-0000-000000000000";
    });
    expect(await instance.vc.listSandbox()).toMatchObject([{ id: "old", state: "stopped" }]);
    expect((await refusal(instance.vc.enterContainer("old", "c1", { args: ["true"] }))).code).toBe(
      "SANDBOX_DEAD",
    );
    expect(await instance.vc.reclaim("old")).toEqual(["old"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("or is started again by who wants it", async () => {
    await sandboxIn(instance, "running", "old");
    editStored(instance, "old", (stored) => {
      stored.bootId = "00000000-0000-0000-0000-000000000000";
    });
    await using sandbox = await instance.vc.startSandbox("old");
    expect((await sandbox.exec(["echo", "back"])).stdout).toBe("back\n");
    expect(await instance.vc.reclaim()).toEqual([]);
  });
});

describe("what a reclaim leaves alone", () => {
  test("sandboxes that are ready, running, paused or stopped", async () => {
    for (const state of ["ready", "running", "paused", "stopped", "dead"] as const)
      await sandboxIn(instance, state);
    expect(await instance.vc.reclaim()).toEqual([]);
    expect(await instance.vc.listSandbox()).toHaveLength(5);
  });

  test("one that a living process is creating", async () => {
    let reclaimed: string[] | undefined;
    await using other = await createTestInstance({
      agent: {
        answers: {
          createSandbox: async () => {
            reclaimed = await other.another().reclaim();
            return {};
          },
        },
      },
    });
    await refusal(other.vc.createSandbox({ containers: [waiting] }));
    expect(reclaimed).toEqual([]);
  });

  test("one whose lock is held", async () => {
    await sandboxIn(instance, "creating", "busy");
    const { locks } = createHost();
    using _lock = await locks.acquire(storedPath(instance, "busy", "lock"), "exclusive");
    expect(await instance.vc.reclaim()).toEqual([]);
    expect(existsSync(folderOf("busy"))).toBe(true);
  });

  test("and others than the one that was named", async () => {
    await sandboxIn(instance, "creating", "one");
    await sandboxIn(instance, "creating", "two");
    expect(await instance.vc.reclaim("one")).toEqual(["one"]);
    expect(await instance.vc.reclaim("nobody")).toEqual([]);
    expect(await instance.vc.reclaim()).toEqual(["two"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});

describe("a damaged state", () => {
  const damages: Record<string, (text: string) => string> = {
    "cut in the middle": (text) => text.slice(0, text.length / 2),
    empty: () => "",
    "of another release": (text) => text.replace('"version":1', '"version":2'),
    "with an unknown state": (text) => text.replace('"state":"running"', '"state":"flying"'),
    "with a configuration that no one could give": (text) =>
      text.replace('"config":{', '"config":{"surprise":1,'),
  };

  test.each(Object.entries(damages))(
    "%s: is an error that says how to go on",
    async (_what, damage) => {
      await sandboxIn(instance, "running", "sb");
      await sandboxIn(instance, "running", "other");
      const path = storedPath(instance, "sb");
      writeFileSync(path, damage(readFileSync(path, "utf8")));

      const error = await refusal(instance.vc.statusSandbox("sb"));
      expect(error).toMatchObject({ code: "STATE_INVALID", sandboxId: "sb" });
      expect(error.message).toContain(path);
      expect(error.hint).toContain("virtc rm -f sb");
      expect((await refusal(instance.vc.deleteSandbox("sb"))).code).toBe("STATE_INVALID");
      // It is nobody else's trouble.
      expect(await instance.vc.listSandbox()).toMatchObject([{ id: "other" }]);
      expect(await instance.vc.reclaim()).toEqual([]);

      await instance.vc.deleteSandbox("sb", { force: true });
      await instance.vc.deleteSandbox("other", { force: true });
      expect(await leftovers(instance.folder)).toEqual([]);
    },
  );

  test("of a newer release is said to be so", async () => {
    await sandboxIn(instance, "stopped", "sb");
    editStored(instance, "sb", (stored) => {
      stored.version = 7;
    });
    const error = await refusal(instance.vc.statusSandbox("sb"));
    expect(error.message).toMatch(/sandbox\.json is of version 7, and this release knows 1 only$/);
    expect(error.hint).toContain("Use the release that wrote it");
    await instance.vc.deleteSandbox("sb", { force: true });
  });

  test("is garbage with the stopped ones, but not while something of it runs", async () => {
    await sandboxIn(instance, "stopped", "rest");
    await sandboxIn(instance, "running", "work");
    for (const id of ["rest", "work"]) writeFileSync(storedPath(instance, id), "garbage");
    expect(await instance.vc.collectGarbage()).toEqual([]);
    expect(await instance.vc.collectGarbage({ stopped: true })).toMatchObject([
      { kind: "sandbox", name: "rest" },
    ]);
    expect(existsSync(folderOf("work"))).toBe(true);
    await instance.vc.deleteSandbox("work", { force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("of one ledger leaves the garbage of others to be taken", async () => {
    await sandboxIn(instance, "creating", "aa");
    await sandboxIn(instance, "creating", "bb");
    const ledger = storedPath(instance, "aa", "ledger");
    const before = readFileSync(ledger, "utf8");
    appendFileSync(ledger, "garbage\n");
    expect(await instance.vc.collectGarbage()).toMatchObject([{ kind: "sandbox", name: "bb" }]);
    writeFileSync(ledger, before);
    expect(await instance.vc.collectGarbage()).toMatchObject([{ kind: "sandbox", name: "aa" }]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("of the ledger: nothing is removed unseen, and a cut last line is passed over", async () => {
    await sandboxIn(instance, "running", "sb");
    appendFileSync(storedPath(instance, "sb", "ledger"), '{"seq":99,"rec');
    await instance.vc.deleteSandbox("sb", { force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("a ledger with a path out of bounds is not obeyed", async () => {
    const precious = join(instance.folder, "precious");
    writeFileSync(precious, "kept");
    await sandboxIn(instance, "stopped", "sb");
    const ledger = storedPath(instance, "sb", "ledger");
    const before = readFileSync(ledger, "utf8");
    const line = { seq: 99, record: { kind: "file", path: `${folderOf("sb")}/../../../precious` } };
    appendFileSync(ledger, `${JSON.stringify(line)}\n`);
    const error = await refusal(instance.vc.deleteSandbox("sb", { force: true }));
    expect(error.code).toBe("STATE_INVALID");
    expect(readFileSync(precious, "utf8")).toBe("kept");
    writeFileSync(ledger, before);
  });
});

describe("a name", () => {
  test("in use is refused, and what it names is unharmed", async () => {
    await sandboxIn(instance, "running", "sb");
    const error = await refusal(instance.vc.runSandbox({ id: "sb", containers: [waiting] }));
    expect(error).toMatchObject({ code: "ALREADY_EXISTS", sandboxId: "sb" });
    expect((await instance.vc.statusSandbox("sb")).state).toBe("running");
  });

  test("given to two at once is got by one", async () => {
    const config = { id: "sb", containers: [waiting] };
    const results = await Promise.allSettled(
      [instance.vc, instance.another(), instance.another()].map((vc) => vc.createSandbox(config)),
    );
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    for (const result of results) {
      if (result.status === "fulfilled") await result.value.release();
      else expect(result.reason).toMatchObject({ code: "ALREADY_EXISTS" });
    }
    await instance.vc.deleteSandbox("sb", { force: true });
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("that is a symlink is not followed", async () => {
    const precious = join(instance.folder, "precious");
    mkdirSync(precious);
    writeFileSync(join(precious, "data"), "kept");
    mkdirSync(join(instance.folder, "state", "sbs"), { recursive: true });
    symlinkSync(precious, folderOf("sb"));
    expect((await refusal(instance.vc.createSandbox({ id: "sb" }))).code).toBe("ALREADY_EXISTS");
    await instance.vc.reclaim().catch(() => {});
    await instance.vc.deleteSandbox("sb", { force: true }).catch(() => {});
    expect(readFileSync(join(precious, "data"), "utf8")).toBe("kept");
  });
});
