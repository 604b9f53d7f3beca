/** What holds an ordinary user's networks, killed and damaged in all ways. His host is a namespace of the test's own. */
import { execFile } from "node:child_process";
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Lab } from "../../../../../../test/support/net/lab.ts";
import {
  canBeOrdinary,
  OrdinaryUser,
  uid,
} from "../../../../../../test/support/net/ordinary-user.ts";
import { createHost } from "../../../../src/host/real.ts";
import { testFolder } from "../../../support/folder.ts";
import { soon } from "../../../support/soon.ts";

const script = fileURLToPath(new URL("support/house-child.ts", import.meta.url));
// By its path: entering a mount namespace leads to its root.
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const { processes } = createHost();
const execute = promisify(execFile);

interface Identity {
  pid: number;
  startTime: string;
}
interface Record {
  marker: string;
  holders: Identity[];
  uplink?: Identity;
}

describe.skipIf(!canBeOrdinary(script))(
  "the namespaces of an ordinary user's networks (need root to become one)",
  () => {
    let lab: Lab;
    let user: OrdinaryUser;
    let folder: string;
    const markers = new Set<string>();
    const uplinks: Identity[] = [];

    beforeAll(async () => {
      lab = await Lab.create();
      user = await OrdinaryUser.create();
    });
    afterAll(async () => {
      await using _lab = lab;
      await using _user = user;
    });
    beforeEach(async () => {
      folder = join(await testFolder(), "run");
      chownSync(join(folder, ".."), uid, uid);
      mkdirSync(folder, { mode: 0o700 });
      chownSync(folder, uid, uid);
      markers.clear();
      uplinks.length = 0;
      onTestFinished(async () => {
        for (const each of [...(await living()), ...uplinks])
          await processes.signal(each, "SIGKILL");
      });
    });

    /** Does this as the user; gives what each action answered, as far as it got. */
    const as = async (
      actions: string[],
      { killAt = "", without = "" } = {},
    ): Promise<unknown[]> => {
      const enter = ["nsenter", `--net=${lab.netns}`, "--", ...user.prefix];
      const node = [process.execPath, "--import", loader, script];
      const [file = "", ...args] = [...enter, ...node, killAt, without, ...actions];
      const env = {
        PATH: process.env.PATH,
        HOME: folder,
        TMPDIR: folder,
        XDG_RUNTIME_DIR: folder,
        TSX_DISABLE_CACHE: "1",
      };
      const told = await execute(file, args, { env, signal: soon() }).then(
        ({ stdout }) => stdout,
        (error: { signal?: string; stdout?: string; stderr?: string }) => {
          if (error.signal !== "SIGKILL" || killAt === "") throw error;
          return error.stdout ?? "";
        },
      );
      const found = record();
      if (found !== undefined) markers.add(found.marker);
      if (found?.uplink !== undefined) uplinks.push(found.uplink);
      return told
        .split("\n")
        .filter((line) => line !== "")
        .map((line): unknown => JSON.parse(line));
    };
    const houses = (): string[] => {
      const all = join(folder, "virtcontainers/networks");
      try {
        return readdirSync(all)
          .filter((name) => name !== "lock")
          .map((name) => join(all, name));
      } catch {
        return [];
      }
    };
    const record = (): Record | undefined => {
      const [house] = houses();
      if (house === undefined) return undefined;
      try {
        const found: Record = JSON.parse(readFileSync(join(house, "house.json"), "utf8"));
        return found;
      } catch {
        return undefined;
      }
    };
    /** All that runs of the houses so far. */
    const living = async (): Promise<Identity[]> => {
      const all: Identity[] = [];
      for (const value of markers)
        all.push(
          ...(await processes.findByVariable(
            { name: "VIRTCONTAINERS_NETWORKS", value },
            () => true,
          )),
        );
      return all;
    };
    const kill = async (victim: Identity | undefined): Promise<void> => {
      if (victim === undefined) throw new Error("there is nobody to kill");
      expect(await processes.signal(victim, "SIGKILL")).toBe(true);
      await processes.waitGone(victim, soon());
    };
    const nothingIsLeft = async (): Promise<void> => {
      expect(await living()).toEqual([]);
      for (const uplink of uplinks) expect(await processes.isAlive(uplink)).toBe(false);
      expect(houses()).toEqual([]);
    };

    test("are made once by two who want them at once, and end when nobody is in them", async () => {
      const [one, other] = await Promise.all([as(["obtain"]), as(["obtain"])]);
      expect(one[0]).toMatchObject({ pid: expect.any(Number) });
      expect(other[0]).toEqual(one[0]);
      expect(houses()).toHaveLength(1);
      expect(record()?.holders).toHaveLength(2);
      await as(["leave"]);
      await nothingIsLeft();
    });

    test("outlive the end of a holder and of pasta, which are there again", async () => {
      await as(["connect"]);
      const before = record();
      await kill(before?.holders[0]);
      await kill(before?.uplink);
      expect(await as(["mend", "find"])).toMatchObject([true, before?.holders[1], {}]);
      const after = record();
      expect(after?.marker).toBe(before?.marker);
      expect(after?.holders).toHaveLength(2);
      expect(after?.holders).toContainEqual(before?.holders[1]);
      expect(after?.uplink).not.toEqual(before?.uplink);
      await as(["leave"]);
      await nothingIsLeft();
    });

    test("are made anew when all that held them was killed, and pasta ends with them", async () => {
      await as(["connect"]);
      const before = record();
      for (const holder of before?.holders ?? []) await kill(holder);
      expect(await as(["mend", "find"])).toMatchObject([false, null, {}]);
      await as(["connect"]);
      const after = record();
      expect(after?.marker).not.toBe(before?.marker);
      expect(await processes.isAlive(before?.uplink ?? { pid: 0, startTime: "" })).toBe(false);
      await as(["leave"]);
      await nothingIsLeft();
    });

    test("have no way out without pasta: that is told, and what was begun ends", async () => {
      const [answer] = await as(["connect", "leave"], { without: "pasta" });
      expect(answer).toContain("pasta is not installed");
      await nothingIsLeft();
    });

    test.each(["{", ""])(
      "are found again when what is known of them is damaged: %j",
      async (text) => {
        await as(["connect"]);
        const before = record();
        const [house = ""] = houses();
        writeFileSync(join(house, "house.json"), text);
        const [holder] = await as(["obtain"]);
        expect(before?.holders).toContainEqual(holder);
        const { marker, uplink, holders } = record() ?? {};
        expect({ marker, uplink }).toEqual({ marker: before?.marker, uplink: before?.uplink });
        expect(holders).toHaveLength(2);
        writeFileSync(join(house, "house.json"), text);
        await as(["leave"]);
        await nothingIsLeft();
      },
    );

    test("end by a garbage collection when their maker is killed in the middle", async () => {
      await as(["connect"], { killAt: "after 3" });
      expect(record()?.uplink).toBe(undefined);
      expect(await living()).not.toEqual([]);
      expect(await as(["collectGarbage"])).toEqual([[], { steps: 0 }]);
      await nothingIsLeft();
    });

    test("leave nothing when their maker is killed at any step", async () => {
      const last = (await as(["connect", "leave"])).at(-1);
      const steps = last instanceof Object && "steps" in last ? Number(last.steps) : 0;
      expect(steps).toBeGreaterThan(2);
      for (let step = 1; step <= steps; step++)
        for (const when of ["before", "after"]) {
          await as(["connect", "leave"], { killAt: `${when} ${step}` });
          // Who comes next finds a whole one, or makes one.
          expect(await as(["connect", "leave"])).toMatchObject([
            { pid: expect.any(Number) },
            null,
            {},
          ]);
          await nothingIsLeft();
        }
    });
  },
);
