/** virtc as a process of its own, with real files in place of its output. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

it.each(["--help", "version", "completion bash"])(
  "tells that the output of %s can't be written, and that is no success",
  async (words) => {
    await using full = await open("/dev/full", "w");
    const given = words.split(" ").map((word) => `:${word}`);
    const child = spawn(process.execPath, ["--import", "tsx", main, ...given], {
      stdio: ["ignore", full.fd, "pipe"],
    });
    const stderr = child.stderr === null ? "" : text(child.stderr);
    await once(child, "close");
    expect(await stderr).toMatch(/^virtc: can't write the output: .*ENOSPC.*\n$/);
    expect(child.exitCode).toBe(125);
  },
);
