import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { VirtContainers } from "../../src/api/virtcontainers.ts";
import { loadGuestAssets } from "../../src/guest/assets.ts";
import { createHost } from "../../src/host/real.ts";
import { Journal } from "../../src/journal/journal.ts";
import { defaultFolders } from "../../src/paths.ts";
import { readIfThere, writeAtomic } from "../../src/store/files.ts";
import { Store } from "../../src/store/store.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { runcSpec } from "../container/support/runc-spec.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { killVm } from "../support/sandbox.ts";

const attacker = 54_321;
const victim = 54_322;

/** What a user without XDG_RUNTIME_DIR has. */
const { stateDir } = defaultFolders(victim, { HOME: "/nonexistent" });

/** Runs a script as the attacker. */
function attack(script: string, ...args: string[]): void {
  execFileSync("/bin/sh", ["-ec", script, "sh", ...args], { uid: attacker, gid: attacker });
}

describe.skipIf(process.geteuid?.() !== 0)(
  "a state folder that another user made first (needs root)",
  () => {
    afterEach(() => attack('rm -rf "$1"', join(stateDir, "..")));

    test("is refused, and no hook in it runs", async () => {
      const folder = await testFolder();
      const proof = join(folder, "proof");
      await using instance = await createTestInstance();
      const spec = runcSpec();
      const poststop = [{ path: "/bin/sh", args: ["sh", "-c", `id -u > ${proof}`] }];
      const customSpec = {
        ...spec,
        process: { ...spec.process, terminal: false },
        hooks: { poststop },
      };
      await instance.vc.runSandbox({
        id: "trap",
        containers: [{ id: "c1", image: "busybox", waits: true, customSpec }],
      });
      await killVm(instance, "trap");
      const stored = join(instance.folder, "state");
      execFileSync("chmod", ["-R", "a+rX", instance.folder]);
      attack('umask 022; mkdir "$2"; cp -r "$1" "$2/virtcontainers"', stored, join(stateDir, ".."));

      const caught = new VirtContainers({ stateDir, dataDir: join(folder, "data") });
      for (const call of [
        () => caught.listSandbox(),
        () => caught.fetchSandbox("trap"),
        () => caught.deleteSandbox("trap", { force: true }),
        () => caught.collectGarbage(),
        () => caught.reclaim(),
        () => caught.trace(),
        () => new Store(createHost(), stateDir).create("new"),
      ]) {
        const { code, message, hint } = await refusal(call());
        expect([code, message]).toEqual([
          "HOST_REQUIREMENT",
          expect.stringContaining(String(attacker)),
        ]);
        expect(hint).toContain("VIRTC_STATE_DIR");
      }
      expect(existsSync(proof)).toBe(false);
    });

    test("nor are images, volumes, locks, events, records and guest files in it", async () => {
      const host = createHost();
      attack(
        'umask 022; mkdir -p "$1/users"; echo "{}" > "$1/manifest.json"; : > "$1/lock"',
        stateDir,
      );
      const vc = new VirtContainers({ stateDir: "/run/none", dataDir: stateDir });
      const journal = new Journal(host, stateDir);
      const calls: (() => Promise<unknown>)[] = [
        () => vc.images.list(),
        () => vc.images.import("/nonexistent"),
        () => vc.images.prune(),
        () => vc.volumes.list(),
        () => vc.volumes.create(),
        () => vc.volumes.inspect("vol"),
        () => host.locks.acquire(join(stateDir, "lock"), "shared"),
        () => host.locks.acquireAny([join(stateDir, "lock")]),
        () => journal.append({ time: new Date().toISOString(), type: "created", sandboxId: "s" }),
        async () => journal.end(),
        () => readIfThere(join(stateDir, "lock")),
        () => writeAtomic(join(stateDir, "lock"), ""),
        () => loadGuestAssets(stateDir),
      ];
      for (const call of calls)
        expect((await refusal(call())).code, String(call)).toBe("HOST_REQUIREMENT");
    });
  },
);
