import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { onHost } from "../support/debian-host/host.ts";

let base: string;
let root: string;
let scratch: string;

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "virtc-host-"));
  root = join(base, "root");
  scratch = join(base, "scratch");
  mkdirSync(join(root, "bin"), { recursive: true });
  mkdirSync(scratch);
  for (const name of ["sh", "umount", "sleep", "touch"])
    copyFileSync("/bin/busybox", join(root, "bin", name));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

const mounted = () => readFileSync("/proc/self/mountinfo", "utf8").includes(base);

/** Starts a command on the host from a process of its own, which can be killed. */
function start(script: string) {
  const [program = "", ...args] = onHost(root)(["sh", "-c", script], scratch);
  const starter = `const child = require("node:child_process").spawn(process.argv[1], process.argv.slice(2), { stdio: "inherit" });
    child.on("close", (code) => process.exit(code));`;
  return spawn(process.execPath, ["-e", starter, program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

describe.skipIf(process.getuid?.() !== 0 || !existsSync("/bin/busybox"))(
  "a command on another host's root (needs root and busybox)",
  () => {
    it("sees that root alone, leaves it as it was, and leaves nothing mounted", async () => {
      const child = start("touch /written; ls /bin; exit 7");
      const lines: string[] = [];
      createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
      const [code] = await once(child, "close");
      expect(code).toBe(7);
      expect(lines.sort()).toEqual(["sh", "sleep", "touch", "umount"]);
      expect(existsSync(join(root, "written"))).toBe(false);
      expect(mounted()).toBe(false);
    });

    it("ends with whoever started it, killed too, and its mounts with it", async () => {
      const child = start("echo here; exec sleep 1000");
      const [line] = await once(createInterface({ input: child.stdout }), "line");
      expect(line).toBe("here");
      child.kill("SIGKILL");
      // All that hold the output have ended, with the namespaces that the mounts were in.
      await once(child, "close");
      expect(mounted()).toBe(false);
    });
  },
);
