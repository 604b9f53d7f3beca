import { readdirSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxConfig } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { leftovers } from "../support/leftovers.ts";
import { enterOutside, type Outside, run } from "./cni/support/outside.ts";

const count = 50;
/** So many of them have an egress policy, each with processes of its own. */
const guarded = 4;

describe.skipIf(process.getuid?.() !== 0)("fifty sandboxes at once (need root)", () => {
  let outside: Outside;
  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());

  const linksAndRules = async (): Promise<string[]> => {
    const links = await run(outside.namespace, "ip", "-br", "link");
    const rules = await run(outside.namespace, "nft", "list", "ruleset");
    const names = links.split("\n").map((line) => line.split(/[\s@]/, 1)[0] ?? "");
    // The plugins' chains for all are made with the first port, and stay.
    return [
      ...names,
      ...rules.split("\n").filter((line) => /dnat to|dport|addr [\da-f]*[:.]/.test(line)),
    ];
  };

  test("by the real plugins each have addresses of their own, and leave no link, rule, lease or process", {
    timeout: 300_000,
  }, async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const before = await linksAndRules();
    const configs = Array.from(
      { length: count },
      (_, index): SandboxConfig => ({
        id: `many${index}`,
        containers: [],
        network: index < guarded ? { egress: { allow: ["example.com"] } } : {},
        ports: [{ hostPort: 20_000 + index, containerPort: 80 }],
      }),
    );
    const addresses: string[] = [];
    const life = async (config: SandboxConfig): Promise<void> => {
      const sandbox = await instance.vc.createSandbox(config);
      const links = await sandbox.listInterfaces();
      addresses.push(
        ...links.flatMap(({ ipAddresses = [] }) => ipAddresses.map(({ address }) => address)),
      );
      await sandbox.delete({ force: true });
    };
    const ended = await Promise.allSettled(configs.map(life));
    // As text, so that a report that is cut tells the reason.
    const failures = ended.flatMap((end) =>
      end.status === "rejected" ? [inspect(end.reason)] : [],
    );
    expect(failures.join("\n")).toBe("");
    expect(addresses.length).toBeGreaterThanOrEqual(count);
    expect(await leftovers(folder)).toEqual([]);
    expect(await linksAndRules()).toEqual(before);
    const networks = readdirSync(join(folder, "data/networks"), {
      recursive: true,
      encoding: "utf8",
    });
    expect(
      networks.filter((path) => /\.uses\/.*\/|\/[0-9a-f]*[.:][0-9a-f.:]*$/.test(path)),
    ).toEqual([]);
  });
});
