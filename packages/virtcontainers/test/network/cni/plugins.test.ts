import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Deadline } from "../../../src/deadline.ts";
import { silentLogger } from "../../../src/log.ts";
import { collectUses } from "../../../src/network/collect.ts";
import { createNetworks } from "../../../src/network/definitions/networks.ts";
import { refusal } from "../../support/refusal.ts";
import { soon } from "../../support/soon.ts";
import { enterOutside, type Outside } from "./support/outside.ts";
import { ScriptedPlugins } from "./support/plugins.ts";
import { Sandboxes } from "./support/sandboxes.ts";

const on = { network: { networks: [{ name: "net" }] } };
const result = JSON.stringify({
  cniVersion: "1.0.0",
  interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/there" }],
  ips: [{ address: "10.1.2.3/24", gateway: "10.1.2.1", interface: 0 }],
});
const answers = `[ "$CNI_COMMAND" = ADD ] && echo '${result}'; exit 0`;

describe.skipIf(process.getuid?.() !== 0)("plugins that misbehave (namespaces need root)", () => {
  let outside: Outside;
  let sandboxes: Sandboxes;
  let plugins: ScriptedPlugins;

  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());
  beforeEach(async () => {
    sandboxes = await Sandboxes.create(outside);
    plugins = new ScriptedPlugins(sandboxes.folder);
  });

  const configure = (types: string[], more: object = {}): void =>
    sandboxes.configure("net.conflist", {
      cniVersion: "1.0.0",
      name: "net",
      plugins: types.map((type) => ({ type })),
      ...more,
    });
  const commands = (): string[] => plugins.calls().map(({ command, type }) => `${command} ${type}`);
  const uses = (): string[] => readdirSync(join(sandboxes.folder, "data/networks/.uses/net"));

  test("one that fails half-way is told whole, and all that was added is deleted, the last first", async () => {
    plugins.add("first", answers);
    plugins.add(
      "second",
      `[ "$CNI_COMMAND" = DEL ] && exit 0; echo '{"code":100,"msg":"no luck","details":"at all"}'; exit 1`,
    );
    configure(["first", "second"]);
    const error = await refusal(sandboxes.attach("aa", on), "NETWORK_FAILED");
    expect(error.message).toBe(
      "ADD of the CNI plugin second for the network net failed (code 100): no luck; at all",
    );
    expect(commands()).toEqual(["ADD first", "ADD second", "DEL second", "DEL first"]);
    const [, second, ...deleted] = plugins.calls();
    for (const { config } of [second, ...deleted].filter((call) => call !== undefined))
      expect(config.prevResult).toEqual(JSON.parse(result));
    expect(uses()).toEqual([]);
  });

  test("one that answers what is no result, or says no error of CNI, is named", async () => {
    plugins.add("first", `echo hello`);
    configure(["first"]);
    const garbage = await refusal(sandboxes.attach("aa", on), "NETWORK_FAILED");
    expect(garbage.message).toContain(
      "plugin first for the network net answered what is no result",
    );
    plugins.add("first", `[ "$CNI_COMMAND" = DEL ] && exit 0; echo oops >&2; exit 3`);
    const mute = await refusal(sandboxes.attach("bb", on), "NETWORK_FAILED");
    expect(mute.message).toContain("ended with exit code 3 and no error of CNI: oops");
  });

  test("dnsname, which removes what another that begins is about to write, runs one at a time", async () => {
    const busy = join(sandboxes.folder, "busy");
    plugins.add("first", answers);
    plugins.add(
      "dnsname",
      `mkdir ${busy} || { echo '{"code":999,"msg":"two at once"}'; exit 1; }; sleep 0.1; rmdir ${busy}; ${answers}`,
    );
    configure(["first", "dnsname"]);
    const names = Array.from({ length: 6 }, (_, index) => `a${index}`);
    const attached = await Promise.all(names.map((name) => sandboxes.attach(name, on)));
    await Promise.all(attached.map((sandbox) => sandbox.ledger.releaseAll()));
    expect(commands().filter((call) => call.endsWith("dnsname"))).toHaveLength(12);
    expect(uses()).toEqual([]);
  });

  test("one that hangs is killed with what it started when the time is over", async () => {
    plugins.add("first", `[ "$CNI_COMMAND" = DEL ] && exit 0; sleep 600 & wait`);
    configure(["first"]);
    using deadline = new Deadline({ timeoutMs: 1500 }, undefined, "attach");
    const error = await refusal(sandboxes.attach("aa", on, deadline), "TIMEOUT");
    expect(error.message).toContain("ADD of the CNI plugin first for the network net");
    expect(commands()).toEqual(["ADD first", "DEL first"]);
    expect(sandboxes.ledger("aa").entries()).toEqual([]);
  });

  test("one that is not installed is named, with where it was looked for", async () => {
    configure(["nowhere"]);
    const error = await refusal(sandboxes.attach("aa", on), "HOST_REQUIREMENT");
    expect(error.message).toContain("the network net needs what is not installed");
    expect(error.message).toContain(`the CNI plugin nowhere (in ${plugins.folder}`);
  });

  test("it gets what it declares, and nothing else of the environment", async () => {
    plugins.add("first", `env | sort > ${join(sandboxes.folder, "env")}; ${answers}`);
    sandboxes.configure("net.conflist", {
      cniVersion: "1.0.0",
      name: "net",
      plugins: [{ type: "first", capabilities: { portMappings: true, mac: false } }],
    });
    const ports = [{ hostPort: 8080, containerPort: 80 }];
    await sandboxes.attach("aa", { ...on, ports });
    expect(plugins.calls()[0]?.config.runtimeConfig).toEqual({
      portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }],
    });
    expect(plugins.calls()[0]?.config.capabilities).toBeUndefined();
    const network = { networks: [{ name: "net", macAddress: "02:00:00:00:00:02" }] };
    const error = await refusal(sandboxes.attach("bb", { network }), "NOT_SUPPORTED");
    expect(error.message).toContain("none of its plugins declares the capability mac");
  });

  test("what a dead sandbox has used is undone by a collection, without its namespace", async () => {
    plugins.add("first", answers);
    configure(["first"]);
    const { ledger } = await sandboxes.attach("aa", on);
    const { context } = sandboxes;
    const collect = (host = context.host) =>
      collectUses({ ...context, host, logger: silentLogger }, false, soon());
    expect(await collect()).toEqual([]);
    // As after a restart of the machine.
    expect(await collect({ ...context.host, bootId: async () => "another" })).toEqual([
      "aa (eth0)",
    ]);
    expect(commands()).toEqual(["ADD first", "DEL first"]);
    expect(uses()).toEqual([]);
    await ledger.releaseAll();
    expect(commands()).toEqual(["ADD first", "DEL first"]);
  });

  test("plugins of version 1.1 are asked for their status, for a check, and to collect", async () => {
    plugins.add(
      "first",
      `[ "$CNI_COMMAND" = STATUS ] && echo '{"code":50,"msg":"full"}' && exit 1; ${answers}`,
    );
    configure(["first"], { cniVersions: ["1.0.0", "1.1.0"] });
    await sandboxes.attach("aa", on);
    const { context } = sandboxes;
    const wrong = await createNetworks(context).check("net");
    expect(wrong).toEqual([
      "STATUS of the CNI plugin first for the network net failed (code 50): full",
    ]);
    await collectUses({ ...context, logger: silentLogger }, false, soon());
    expect(commands()).toEqual(["ADD first", "STATUS first", "CHECK first", "GC first"]);
    const [, , check, gc] = plugins.calls();
    expect(check?.config.prevResult).toEqual(JSON.parse(result));
    expect(gc?.config["cni.dev/valid-attachments"]).toEqual([
      { containerID: expect.stringMatching(/^aa-/), ifname: "eth0" },
    ]);
  });
});
