import { execFileSync } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import { mkdirSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from "vitest";
import { type PhaseEvent, phaseChannelName } from "../../src/events.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";
import { enterOutside, type Outside } from "./cni/support/outside.ts";
import { ScriptedPlugins } from "./cni/support/plugins.ts";

/** Makes a veth as the plugin bridge does, when it is told to; `MAC` is what it was asked for. */
const veth = `
MAC=$(echo "$CONFIG" | grep -o '"mac":"[^"]*"' | head -n 1 | cut -d'"' -f4)
nsenter --net="$CNI_NETNS" ip -batch - <<END
link add eth0 type veth peer name far0
link set eth0 address $MAC up
link set far0 up
addr add 10.1.2.3/24 dev eth0
END
echo '{"cniVersion":"1.0.0","interfaces":[{"name":"eth0","mac":"'$MAC'","sandbox":"/there"}],"ips":[{"address":"10.1.2.3/24","interface":0}]}'
`;

const config = { containers: [], network: { networks: [{ name: "net" }] } };

describe.skipIf(process.getuid?.() !== 0)("a network whose links are known beforehand", () => {
  let outside: Outside;
  let folder: string;
  let plugins: ScriptedPlugins;
  let gate: string;

  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());
  beforeEach(async () => {
    folder = await testFolder();
    plugins = new ScriptedPlugins(folder);
    mkdirSync(join(folder, "net.d"));
    vi.stubEnv("VIRTC_CNI_CONF_DIR", join(folder, "net.d"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const list = {
      cniVersion: "1.0.0",
      name: "net",
      plugins: [{ type: "bridge", capabilities: { mac: true } }],
    };
    writeFileSync(join(folder, "net.d/net.conflist"), JSON.stringify(list), { mode: 0o600 });
    gate = join(folder, "gate");
    execFileSync("mkfifo", [gate]);
  });

  /** A plugin bridge that goes on when the gate is opened. */
  const waiting = (then: string): void =>
    plugins.add("bridge", `[ "$CNI_COMMAND" = DEL ] && exit 0; read _ < ${gate}; ${then}`);
  const commands = (): string[] => plugins.calls().map(({ command }) => command);
  const instanceOf = (failures = {}): Promise<TestInstance> =>
    createTestInstance({ folder: join(folder, "own"), failures });

  beforeEach(() => mkdirSync(join(folder, "own")));

  /** Opens the gate: only if the plugin waits there does this end. */
  const letGo = async (): Promise<void> => {
    const file = await open(gate, "w");
    await file.writeFile("go\n");
    await file.close();
  };

  test("is made while the guest boots, which is told of it when it is there", async () => {
    waiting(veth);
    await using instance = await instanceOf();
    const started = ended("hypervisor.start");
    const creating = instance.vc.createSandbox({ id: "aa", ...config });
    await started;
    await letGo();
    await using sandbox = await creating;
    const [link] = await sandbox.listInterfaces();
    expect(link).toMatchObject({ name: "eth0", ipAddresses: [{ address: "10.1.2.3" }] });
    // The same at each start.
    const first = link?.hwAddr;
    await sandbox.stop({ force: true });
    const again = ended("hypervisor.start");
    const starting = sandbox.start();
    await again;
    await letGo();
    await starting;
    expect((await sandbox.listInterfaces()).map(({ hwAddr }) => hwAddr)).toEqual([first]);
    await sandbox.delete({ force: true });
    expect(commands()).toEqual(["ADD", "DEL", "ADD", "DEL"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("that can't be made ends the boot, and is undone", async () => {
    waiting(`echo '{"code":100,"msg":"no luck"}'; exit 1`);
    await using instance = await instanceOf();
    const started = ended("hypervisor.start");
    const refused = refusal(instance.vc.createSandbox({ id: "aa", ...config }), "NETWORK_FAILED");
    await started;
    await letGo();
    expect((await refused).message).toContain("plugin bridge for the network net failed");
    expect(commands()).toEqual(["ADD", "DEL"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("is ended and undone when the VM can't be started", async () => {
    waiting("exit 1");
    const start = async () => {
      // It waits there, and is never told to go on.
      const file = await open(gate, "w");
      onTestFinished(() => file.close());
      throw new Error("no VM");
    };
    await using instance = await instanceOf({ start });
    await expect(instance.vc.createSandbox({ id: "aa", ...config })).rejects.toThrow("no VM");
    expect(commands()).toEqual(["ADD", "DEL"]);
    expect(await leftovers(instance.folder)).toEqual([]);
  });

  test("with another link than was foreseen is refused", async () => {
    waiting(veth.replace("address $MAC up", "address 02:00:00:00:00:99 up"));
    await using instance = await instanceOf();
    const refused = refusal(instance.vc.createSandbox({ id: "aa", ...config }), "NETWORK_FAILED");
    await letGo();
    expect((await refused).message).toMatch(
      /have made the link eth0 .* 02:00:00:00:00:99, and not/,
    );
    expect(await leftovers(instance.folder)).toEqual([]);
  });
});

/** Settles when a phase has ended. */
function ended(name: string): Promise<void> {
  return new Promise((resolve) => {
    const source = channel(phaseChannelName);
    const take = (message: unknown): void => {
      if ((message as PhaseEvent).phase !== name) return;
      source.unsubscribe(take);
      resolve();
    };
    source.subscribe(take);
  });
}
