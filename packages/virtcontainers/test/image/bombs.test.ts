import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import type { TarMember } from "../../../../test/support/tar.ts";
import { createHost } from "../../src/host/real.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { bombParts, bombs } from "./support/bombs.ts";
import { testStore } from "./support/store.ts";

const run = promisify(execFile);
const script = fileURLToPath(new URL("./support/measured-import.ts", import.meta.url));
const measured = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ code: v.string(), message: v.string(), turns: v.number(), grownMiB: v.number() }),
);

async function packed(members: readonly TarMember[]): Promise<string> {
  const path = join(await testFolder(), "bomb.tar.gz");
  await pipeline(Readable.from(bombParts(members)), createGzip(), createWriteStream(path));
  return path;
}

/** Imports in a process of its own, whose memory can be told from the test's. */
async function importMeasured(members: readonly TarMember[]) {
  const path = await packed(members);
  const args = ["--max-old-space-size=512", "--import", "tsx", script, await testFolder(), path];
  const { stdout } = await run(process.execPath, args);
  return { ...v.parse(measured, stdout), packedMiB: (await stat(path)).size / 2 ** 20 };
}

describe("an archive that is small", () => {
  it.each(Object.entries(bombs))(
    "and holds %s takes little memory and ends",
    async (name, make) => {
      const result = await importMeasured(make());
      expect(result.packedMiB).toBeLessThan(3);
      expect(result.code).toBe("IMAGE_INVALID");
      // As many folders as an image may have entries take some.
      expect(result.grownMiB).toBeLessThan(name === "implied folders" ? 500 : 220);
    },
  );

  it("and has a folder of many folders is packed", async () => {
    const members = Array.from({ length: 130_000 }, (_, number) => ({ path: `${number}/` }));
    expect(await importMeasured(members)).toMatchObject({ code: "OK" });
  });

  it("counts folders that are only implied as entries", async () => {
    const store = await testStore({ limits: { maxEntries: 20 } });
    const path = await packed([{ path: `${"a/".repeat(20)}f` }]);
    expect(
      (await refusal(store.images.import(path, { name: "bomb:1" }), "IMAGE_INVALID")).message,
    ).toContain("more than 20 entries");
  });

  it("and wants many steps gives the event loop its turns, so that it can be ended", async () => {
    const marks = [
      ...Array.from({ length: 3000 }, (_, number) => ({ path: `d/${number}` })),
      ...Array.from({ length: 3000 }, () => ({ path: "d/.wh..wh..opq" })),
    ];
    const reached: string[] = [];
    const host = { ...createHost(), failpoint: (name: string) => void reached.push(name) };
    const { images } = await testStore({ host });
    const stop = new AbortController();
    const importing = images.import(await packed(marks), {
      name: "bomb:1",
      signal: stop.signal,
      onProgress: ({ phase }) => void (phase === "unpack" && setImmediate(() => stop.abort())),
    });
    await refusal(importing, "CANCELED");
    expect(reached).toContain("image.layer.after");
    expect(reached).not.toContain("image.pack.before");
  });
});
