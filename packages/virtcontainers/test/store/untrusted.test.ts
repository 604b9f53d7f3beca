import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { defaultFolders } from "../../src/paths.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { VirtContainers } from "../../src/api/virtcontainers.ts";
import { runcSpec } from "../container/support/runc-spec.ts";
import { temporaryFolder } from "../host/support/folder.ts";
import { refusal } from "../sandbox/support.ts";

const attacker = 54_321;
const victim = 54_322;

/** What a user without XDG_RUNTIME_DIR has. */
const { stateDir } = defaultFolders(victim, { HOME: "/nonexistent" });

/** Runs a script as the attacker. */
function attack(script: string, ...args: string[]): void {
  execFileSync("/bin/sh", ["-ec", script, "sh", ...args], { uid: attacker, gid: attacker });
}

describe.skipIf(process.geteuid?.() !== 0)("a state folder that another user made first (needs root)", () => {
  afterEach(() => attack('rm -rf "$1"', join(stateDir, "..")));

  test("is refused, and no hook in it runs", async () => {
    const folder = await temporaryFolder();
    const proof = join(folder, "proof");
    await using instance = await createTestInstance();
    const spec = runcSpec();
    const poststop = [{ path: "/bin/sh", args: ["sh", "-c", `id -u > ${proof}`] }];
    const customSpec = { ...spec, process: { ...spec.process, terminal: false }, hooks: { poststop } };
    await using sandbox = await instance.vc.createSandbox({
      id: "trap",
      containers: [{ id: "c1", image: "busybox", waits: true, customSpec }],
    });
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
      () => caught.createSandbox({ image: "busybox" }),
    ]) {
      const { code, message, hint } = await refusal(call());
      expect([code, message]).toEqual(["HOST_REQUIREMENT", expect.stringContaining(String(attacker))]);
      expect(hint).toContain("VIRTC_STATE_DIR");
    }
    expect(existsSync(proof)).toBe(false);
  });
});
