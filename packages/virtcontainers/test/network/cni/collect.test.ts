import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VirtContainers } from "../../../src/api/virtcontainers.ts";
import { silentLogger } from "../../../src/log.ts";
import { collectUses } from "../../../src/network/collect.ts";
import { createNetworks } from "../../../src/network/definitions/networks.ts";
import { soon } from "../../support/soon.ts";
import { ask, enterOutside, type Outside, run, serve, stateOf } from "./support/outside.ts";
import { Sandboxes } from "./support/sandboxes.ts";

describe.skipIf(process.getuid?.() !== 0)("a use of a network (needs root)", () => {
  let outside: Outside;
  let sandboxes: Sandboxes;
  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());
  beforeEach(async () => {
    sandboxes = await Sandboxes.create(outside);
  });

  test("is garbage when its sandbox is gone with its ledger, and not before", async () => {
    // Somebody else's state folder, whose sandboxes this one's garbage collection does not look at.
    const stateDir = join(sandboxes.folder, "other");
    const vc = new VirtContainers({ stateDir, dataDir: sandboxes.context.dataDir });
    const a = await sandboxes.attach("aa", { network: {} });
    await sandboxes.attach("bb", { network: {} });
    expect(await vc.collectGarbage()).toEqual([]);
    rmSync(join(sandboxes.folder, "state/sbs/aa"), { recursive: true });
    const garbage = [{ kind: "cni", reason: "its sandbox is gone", name: "aa (eth0)" }];
    expect(await vc.collectGarbage({ dryRun: true })).toEqual(garbage);
    expect(await run(a.namespace, "ip", "-o", "link")).toContain("eth0");
    expect(await vc.collectGarbage()).toEqual(garbage);
    expect(await run(a.namespace, "ip", "-o", "link")).not.toContain("eth0");
    expect(await vc.networks.inspect("bridge")).toMatchObject({ usedBy: ["bb"] });
    expect(await stateOf(outside.namespace)).toContainEqual(expect.stringMatching(/^vc-/));
    rmSync(join(sandboxes.folder, "state/sbs/bb"), { recursive: true });
    expect(await vc.collectGarbage()).toMatchObject([{ kind: "cni", name: "bb (eth0)" }]);
    expect(await stateOf(outside.namespace)).not.toContainEqual(
      expect.stringMatching(/^v(c-|eth)/),
    );
    expect(await vc.collectGarbage()).toEqual([]);
  });

  test("is not garbage when its sandbox is there again by the time that the networks are free", async () => {
    const { host, dataDir } = sandboxes.context;
    await sandboxes.attach("aa", { network: {} });
    const folder = join(sandboxes.folder, "state/sbs/aa");
    renameSync(folder, `${folder}.away`);
    // Whoever makes it again has the networks.
    const acquire: typeof host.locks.acquire = async (...args) => {
      if (existsSync(`${folder}.away`)) renameSync(`${folder}.away`, folder);
      return await host.locks.acquire(...args);
    };
    const locks = { ...host.locks, acquire };
    const context = { host: { ...host, locks }, dataDir, logger: silentLogger };
    expect(await collectUses(context, false, soon())).toEqual([]);
    expect(await createNetworks(sandboxes.context).inspect("bridge")).toMatchObject({
      usedBy: ["aa"],
    });
  });

  test("has again what another tool took away of its network", async () => {
    const { namespace } = outside;
    const vc = new VirtContainers({
      stateDir: join(sandboxes.folder, "other"),
      dataDir: sandboxes.context.dataDir,
    });
    const a = await sandboxes.attach("aa", { network: {} });
    const b = await sandboxes.attach("bb", { network: {} });
    await serve(b.namespace, 80, "b");
    const links = await run(namespace, "ip", "-o", "link", "show", "type", "bridge");
    const [, bridge = ""] = /^\d+: (vc-\w+):/.exec(links) ?? [];
    const server = a.attachments[0]?.dns.nameservers[0] ?? "";
    const lookUp = () => run(a.namespace, "busybox", "nslookup", "bb.bridge.internal", server);
    expect(await vc.networks.check("bridge")).toEqual([]);
    expect(await vc.collectGarbage()).toEqual([]);
    await run(namespace, "nft", "flush", "ruleset");
    await run(namespace, "ip", "link", "delete", "dev", bridge);
    const pidFile = readdirSync("/run/containers/cni/dnsname")
      .map((name) => join("/run/containers/cni/dnsname", name, "pidfile"))
      .find(
        (path) =>
          existsSync(path) &&
          readFileSync(path.replace("pidfile", "dnsmasq.conf"), "utf8").includes(bridge),
      );
    process.kill(Number(readFileSync(pidFile ?? "", "utf8")), "SIGKILL");
    expect(await ask(a.namespace, b.address(4), 80)).toBeUndefined();
    const gone = [
      "its bridge",
      "its rules",
      "its links' place at the bridge",
      "the server of its names",
    ];
    const told = (how: string) =>
      gone.map((what) => ({
        kind: "network",
        name: "bridge",
        reason: `another tool took away ${what}, ${how} made anew`,
      }));
    expect((await vc.networks.check("bridge")).join("\n")).toContain("its rules: another tool");
    expect(await vc.collectGarbage({ dryRun: true })).toEqual(told("which can be"));
    expect(await vc.collectGarbage()).toEqual(told("which was"));
    expect(await ask(a.namespace, b.address(4), 80)).toBe(`b ${a.address(4)}`);
    expect(await ask(a.namespace, b.address(6), 80)).toBe(`b ${a.address(6)}`);
    expect(await lookUp()).toContain(b.address(4));
    expect(await vc.networks.check("bridge")).toEqual([]);
    expect(await vc.collectGarbage()).toEqual([]);
    await sandboxes.ledger("aa").releaseAll();
    await sandboxes.ledger("bb").releaseAll();
    expect(await stateOf(namespace)).not.toContainEqual(expect.stringMatching(/^v(c-|eth)/));
  });

  test("that is damaged is left, and the others are collected", async () => {
    const { host, dataDir } = sandboxes.context;
    await sandboxes.attach("aa", { network: {} });
    rmSync(join(sandboxes.folder, "state/sbs/aa"), { recursive: true });
    const uses = join(dataDir, "networks/.uses");
    const [network = ""] = readdirSync(uses);
    const damaged = join(uses, network, "0damaged.json");
    writeFileSync(damaged, "{");
    const context = { host, dataDir, logger: silentLogger };
    expect(await collectUses(context, false, soon())).toEqual(["aa (eth0)"]);
    expect(readdirSync(join(uses, network))).toEqual(["0damaged.json"]);
    rmSync(damaged);
  });
});
