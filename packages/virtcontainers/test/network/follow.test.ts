import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { soon } from "../support/soon.ts";

const { network, uid } = createHost();

test.skipIf(uid !== 0)(
  "links of a namespace follow to the guest as they come, change and go, until its VM ends (needs root)",
  async () => {
    const folder = await testFolder();
    const path = join(folder, "followed");
    onTestFinished(() => network.removeNamespace(path));
    await network.makeNamespace(path);
    const ip = async (...lines: string[]): Promise<void> => {
      const input = lines.map((line) => `${line}\n`).join("");
      const { code, stderr } = await network.run(path, "ip", ["-batch", "-"], { input });
      expect(code, stderr).toBe(0);
    };
    await using instance = await createTestInstance({ folder });
    const sandbox = await instance.vc.createSandbox({
      id: "sb",
      networkConfig: { netNSPath: path },
    });
    const changes = sandbox.followNetwork({ signal: soon() });
    const told = instance.agent("sb");
    /** Reads on until the guest is as it should be. */
    const until = async (type: string, isSo: () => Promise<boolean> | boolean): Promise<void> => {
      for await (const change of { [Symbol.asyncIterator]: () => ({ next: () => changes.next() }) })
        if (change.name === "eth0" && change.type === type && (await isSo())) return;
      throw new Error("it ended too early");
    };
    const addresses = async (): Promise<string> =>
      (await sandbox.listInterfaces())
        .flatMap(({ name, ipAddresses = [] }) =>
          name === "eth0" ? ipAddresses.map(({ address }) => address) : [],
        )
        .join(" ");

    // What came before it was listened to is not missed.
    await ip("link add eth0 type veth peer name far0", "addr add 10.1.0.5/24 dev eth0");
    await until("added", async () => (await addresses()) === "10.1.0.5");
    await ip("link set far0 up", "link set eth0 up", "addr add 10.1.0.6/24 dev eth0");
    await until("changed", async () => (await addresses()) === "10.1.0.5 10.1.0.6");
    await ip("route add default via 10.1.0.1");
    await until("changed", async () =>
      (await sandbox.listRoutes()).some(({ gateway }) => gateway === "10.1.0.1"),
    );
    await ip("link del eth0");
    await until("removed", () => true);
    expect(told.requests("UpdateInterface").length).toBeGreaterThanOrEqual(2);
    const end = changes.next();
    await sandbox.stop({ force: true });
    expect(await end).toEqual({ done: true, value: undefined });
  },
);
