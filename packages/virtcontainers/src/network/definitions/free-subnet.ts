import { randomBytes } from "node:crypto";
import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { type Block, blockText, overlap, parseBlock, readBlock } from "../block.ts";

const Routes = v.pipe(v.string(), v.parseJson(), v.array(v.object({ dst: v.string() })));

/** What this host has routes to, and the place where bridges are, but for the ones that lead to everything. */
export async function routedBlocks(host: Host, signal: AbortSignal): Promise<Block[]> {
  const { network, processes } = host;
  const found: Block[] = [];
  const ip = network.apart ? await processes.which("ip") : undefined;
  for (const family of ["-4", "-6"]) {
    const args = [family, "-j", "route"];
    const answers = [await network.run(undefined, "ip", args, { signal })];
    if (ip !== undefined) answers.push(await processes.run(ip, args, { signal }));
    for (const { code, stdout } of answers) {
      const routes = code === 0 && stdout.trim() !== "" ? v.parse(Routes, stdout) : [];
      found.push(...routes.flatMap(({ dst }) => readBlock(dst) ?? []));
    }
  }
  return found;
}

/** Private addresses that are not in use, the same for the same seed where they are free. BUSY if there are none. */
export function freeSubnet(used: readonly Block[], size: 16 | 24, seed: string): string {
  const start = Number.parseInt(seed.slice(0, 6), 16);
  const count = size === 16 ? 32 : 32 * 256;
  for (let tried = 0; tried < count; tried++) {
    const at = (start + tried) % count;
    // 10.192 to 10.223 for the default network, 10.160 to 10.191 for those that are made.
    const text = size === 16 ? `10.${192 + at}.0.0/16` : `10.${160 + (at >> 8)}.${at & 255}.0/24`;
    const block = parseBlock(text);
    if (!used.some((each) => overlap(each, block))) return text;
  }
  throw new VirtError("BUSY", "no private subnet is free on this host", {
    hint: "Remove networks that nobody uses, or name a subnet.",
  });
}

/** A unique local one (RFC 4193). */
export function uniqueLocalSubnet(): string {
  const groups = randomBytes(7).toString("hex");
  return blockText(
    parseBlock(
      `fd${groups.slice(0, 2)}:${groups.slice(2, 6)}:${groups.slice(6, 10)}:${groups.slice(10)}::/64`,
    ),
  );
}
