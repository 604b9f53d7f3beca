import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { leftovers } from "../support/leftovers.ts";

const { network, uid } = createHost();
const count = 25;

/** A namespace with a link for a guest, by its number. */
async function filled(folder: string, index: number): Promise<string> {
  const path = join(folder, `namespace${index}`);
  onTestFinished(() => network.removeNamespace(path));
  await network.makeNamespace(path);
  const input = `link add eth0 type veth peer name far0
link set eth0 up
addr add 10.1.0.${index + 1}/24 dev eth0
`;
  expect(await network.run(path, "ip", ["-batch", "-"], { input })).toMatchObject({ code: 0 });
  return path;
}

test.skipIf(uid !== 0)(
  "fifty sandboxes at once have each its own network, and leave nothing of it",
  async () => {
    const [folder, outside] = [await testFolder(), await testFolder()];
    const foreign: string[] = [];
    for (let index = 0; index < count; index++) foreign.push(await filled(outside, index));
    await using instance = await createTestInstance({ folder });
    const configs = [
      ...foreign.map((netNSPath, index) => ({ id: `given${index}`, networkConfig: { netNSPath } })),
      ...foreign.map((_, index) => ({ id: `own${index}`, networkConfig: {} })),
    ];
    const life = async (config: (typeof configs)[number]): Promise<void> => {
      const sandbox = await instance.vc.createSandbox({ ...config, containers: [] });
      const links = await sandbox.listInterfaces();
      const address = config.id.startsWith("given")
        ? [`10.1.0.${Number(config.id.slice(5)) + 1}`]
        : [];
      expect(links.flatMap(({ ipAddresses = [] }) => ipAddresses.map((ip) => ip.address))).toEqual(
        address,
      );
      await sandbox.delete({ force: true });
    };
    await Promise.all(configs.map(life));
    expect(await leftovers(folder)).toEqual([]);
    for (const path of foreign) {
      const { stdout } = await network.run(path, "tc", ["qdisc", "show"]);
      expect(stdout, path).not.toContain("ingress");
      const links = await network.run(path, "ip", ["-o", "link"]);
      expect(links.stdout, path).not.toContain("_kata");
    }
  },
);
