import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enterOutside, type Outside, run, stateOf, testNamespace } from "./support/outside.ts";
import { Sandboxes } from "./support/sandboxes.ts";

const script = fileURLToPath(new URL("support/attach-child.ts", import.meta.url));

describe.skipIf(process.getuid?.() !== 0)(
  "an attachment whose maker is killed (needs root)",
  () => {
    let outside: Outside;

    beforeAll(async () => {
      outside = await enterOutside();
    });
    afterAll(() => outside.leave());

    test.each([
      "take.cni.recorded",
      "take.cni.taken",
      "cni.add.bridge",
      "cni.added.bridge",
      "cni.added.portmap",
      "cni.added.dnsname",
    ])("at %s is undone by another process, and nothing is left", async (failpoint) => {
      const sandboxes = await Sandboxes.create(outside);
      // The chains that the plugins make for all are there from the first use on.
      const ports = [{ hostPort: 8081, containerPort: 80 }];
      const first = await sandboxes.attach("first", { network: {}, ports });
      await first.ledger.releaseAll();
      const before = await stateOf(outside.namespace);

      sandboxes.ledger("aa");
      const namespace = await testNamespace(outside, "aa");
      const child = spawn(
        process.execPath,
        ["--import", "tsx", script, sandboxes.folder, "aa", namespace],
        { env: { ...process.env, VIRTC_FAILPOINT: failpoint }, stdio: "inherit" },
      );
      const [, signal] = await once(child, "exit");
      expect(signal).toBe("SIGKILL");

      await sandboxes.ledger("aa").releaseAll();
      expect(await stateOf(outside.namespace)).toEqual(before);
      expect(await run(namespace, "ip", "-o", "link")).not.toContain("eth0");
      const networks = join(sandboxes.folder, "data/networks");
      for (const uses of readdirSync(join(networks, ".uses")))
        expect(readdirSync(join(networks, ".uses", uses))).toEqual([]);
      for (const boot of existsSync(join(networks, ".leases"))
        ? readdirSync(join(networks, ".leases"))
        : [])
        for (const name of readdirSync(join(networks, ".leases", boot)))
          expect(
            readdirSync(join(networks, ".leases", boot, name)).filter((file) =>
              /^[0-9a-f]*[.:]/.test(file),
            ),
          ).toEqual([]);
    });
  },
);
