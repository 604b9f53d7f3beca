/** Networks that can't be, by the command line, inside a namespace that stands for the host: one clear error, nothing left. */
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { Lab } from "./support/net/lab.ts";
import { Virtc } from "./support/virtc.ts";

const mac = "02:00:00:00:00:77";

describe.skipIf(process.getuid?.() !== 0)("a network that can't be (needs root)", () => {
  let lab: Lab;
  let virtc: Virtc;
  let before: string[];

  beforeAll(async () => {
    lab = await Lab.create();
    virtc = await Virtc.create({ netns: lab.netns });
    before = await lab.state();
    const plugins = join(virtc.folder, "plugins");
    virtc.env.VIRTC_CNI_CONF_DIR = join(virtc.folder, "net.d");
    virtc.env.CNI_PATH = `${plugins}:/usr/lib/cni:/opt/cni/bin`;
    for (const folder of [plugins, join(virtc.folder, "net.d")]) mkdirSync(folder);
    const add = (type: string, script: string): void => {
      const path = join(plugins, type);
      writeFileSync(path, `#!/bin/sh\ncat > /dev/null\n${script}\n`);
      chmodSync(path, 0o755);
    };
    add("hangs", `[ "$CNI_COMMAND" = DEL ] || sleep 600`);
    add(
      "fails",
      `[ "$CNI_COMMAND" = DEL ] && exit 0; echo '{"code":100,"msg":"no luck","details":"at all"}'; exit 1`,
    );
  });
  afterEach(async () => {
    await virtc.removeAll();
    await virtc.run(["network", "prune"]);
    expect(await lab.state()).toEqual(before);
    expect(await virtc.ok("ps", "-aq")).toBe("");
    expect(virtc.leftovers()).toEqual([]);
    const kept = readdirSync(virtc.folder, { recursive: true, encoding: "utf8" });
    expect(
      kept.filter((path) =>
        /\.uses\/.*\/|(leases|\.leases)\/.*\/[\da-f]*[.:][\da-f.:]*$/.test(path),
      ),
    ).toEqual([]);
  });
  afterAll(async () => {
    await using _lab = lab;
    expect(await virtc.end()).toEqual([]);
  });

  const bridge = (subnet: string) => ({
    type: "bridge",
    bridge: "yard0",
    isGateway: true,
    capabilities: { ips: true, mac: true },
    ipam: { type: "host-local", dataDir: join(virtc.folder, "leases"), ranges: [[{ subnet }]] },
  });
  /** The bridge plugin leaves its bridge to whoever comes next. */
  const withoutBridge = () => lab.exec("ip", ["link", "delete", "yard0"]).catch(() => {});
  const configure = (text: string): void =>
    writeFileSync(join(virtc.folder, "net.d/bad.conflist"), text, { mode: 0o600 });
  const network = (...plugins: object[]): void =>
    configure(JSON.stringify({ cniVersion: "1.0.0", name: "bad", plugins }));
  /** What is said when a container can't be run: one line, and what to do. */
  const refused = async (...options: string[]): Promise<string> => {
    const { code, stderr, stdout } = await virtc.run([
      ...["run", "--rm", ...options],
      ...["busybox", "true"],
    ]);
    expect({ code, stdout }, stderr).toEqual({ code: 125, stdout: "" });
    expect(stderr.trim().split("\n").length, stderr).toBeLessThanOrEqual(3);
    return stderr;
  };

  test("of a name that nobody knows is refused", async () => {
    expect(await refused("--network", "nowhere")).toContain("there is no network nowhere");
  });

  test.each([
    ["no JSON", '{ "name": "bad"', /bad\.conflist/],
    ["no plugins", '{ "cniVersion": "1.0.0", "name": "bad", "plugins": [] }', /plugins/],
    [
      "a version of the future",
      '{ "cniVersion": "9.0.0", "name": "bad", "plugins": [{ "type": "bridge" }] }',
      /9\.0\.0/,
    ],
    [
      "a plugin with a path",
      '{ "cniVersion": "1.0.0", "name": "bad", "plugins": [{ "type": "../sh" }] }',
      /type/,
    ],
  ])("of a file with %s is refused by name", async (_what, text, says) => {
    configure(text);
    expect(await refused("--network", "bad")).toMatch(says);
  });

  test("of a plugin that is not there is refused, with where it was looked for", async () => {
    network({ type: "nobody" });
    const said = await refused("--network", "bad");
    expect(said).toContain("the CNI plugin nobody");
    expect(said).toContain(join(virtc.folder, "plugins"));
  });

  test("of a plugin that fails behind another one is told whole, and the first is undone", async () => {
    network(bridge("10.44.0.0/24"), { type: "fails" });
    expect(await refused("--network", "bad")).toContain(
      "ADD of the CNI plugin fails for the network bad failed (code 100): no luck; at all",
    );
    await withoutBridge();
  });

  test("of a plugin that hangs is called off, and what was added before it is undone", async () => {
    network(bridge("10.44.0.0/24"), { type: "hangs" });
    const running = virtc.spawn(["run", "--rm", "--network", "bad", "busybox", "true"]);
    await expect.poll(() => lab.exec("ip", ["link"]), { timeout: 60_000 }).toContain("yard0");
    running.kill("SIGTERM");
    const code = await new Promise((resolve) => running.once("close", resolve));
    expect(code).not.toBe(0);
    await withoutBridge();
  });

  test("whose addresses are all taken is told so", async () => {
    network(bridge("10.44.0.0/30"));
    await virtc.ok("run", "-d", "--name", "first", "--network", "bad", "busybox", "sleep", "1000");
    expect(await refused("--network", "bad")).toMatch(/no IP addresses available/i);
    await virtc.ok("rm", "-f", "first");
    await withoutBridge();
  });

  test("with an address, an Ethernet address or a port that another one has is refused", async () => {
    await virtc.ok("network", "create", "--subnet", "10.45.0.0/24", "yard");
    const asked = ["--ip", "10.45.0.7", "--mac-address", mac, "-p", "8085:80"];
    await virtc.ok(
      ...["run", "-d", "--name", "first", "--network", "yard", ...asked],
      ...["busybox", "sleep", "1000"],
    );
    const told = async (...options: string[]) => await refused("--network", "yard", ...options);
    expect(await told("--ip", "10.45.0.7")).toContain("10.45.0.7 is taken by the sandbox first");
    expect(await told("--mac-address", mac)).toContain(`${mac} is taken by the sandbox first`);
    expect(await told("-p", "8085:80")).toContain("8085/tcp is taken by the sandbox first");
    expect(await told("--ip", "10.46.0.7")).toMatch(/10\.46\.0\.7/);
    expect(await virtc.ok("ps", "-aq")).toBe("first\n");
    await virtc.ok("rm", "-f", "first");
  });

  test.each(["/nonexistent", "/etc/hosts", "/proc/self/ns/mnt"])(
    "of a path that is no network namespace is refused: %s",
    async (path) => {
      expect(await refused("--network", `ns:${path}`)).toContain(path);
    },
  );
});
