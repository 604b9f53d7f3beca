/** A network of somebody else's CNI file, on real VMs, inside a namespace that stands for the host. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { here, Lab, remote } from "./support/net/lab.ts";
import { Virtc } from "./support/virtc.ts";

describe.skipIf(process.getuid?.() !== 0)("a network of a CNI file (needs root)", () => {
  let lab: Lab;
  let virtc: Virtc;
  beforeAll(async () => {
    lab = await Lab.create();
    virtc = await Virtc.create({ netns: lab.netns });
    const folder = join(virtc.folder, "net.d");
    mkdirSync(folder);
    virtc.env.VIRTC_CNI_CONF_DIR = folder;
    writeFileSync(join(folder, "10-yard.conflist"), JSON.stringify(yard()), { mode: 0o600 });
  });
  afterEach(() => virtc.removeAll());
  afterAll(async () => {
    expect(await virtc.end()).toEqual([]);
    await lab[Symbol.asyncDispose]();
  });

  const yard = (): object => ({
    cniVersion: "1.0.0",
    name: "yard",
    plugins: [
      {
        type: "bridge",
        bridge: "yard0",
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: join(virtc.folder, "leases"),
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
          ranges: [[{ subnet: "10.44.0.0/24" }], [{ subnet: "fd44::/64" }]],
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "dnsname", domainName: "yard.test", capabilities: { aliases: true } },
    ],
  });

  /** What a command line prints that must succeed. */
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await virtc.run(args);
    if (code !== 0) throw new Error(`virtc ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout;
  };
  const start = (name: string, ...options: string[]): Promise<string> =>
    ok("run", "-d", "--name", name, "--network", "yard", ...options, "busybox", "httpd", "-f");
  const fetch = (from: string, url: string): Promise<string> =>
    ok("exec", from, "wget", "-qO-", url);
  const addressOf = async (name: string, family: string): Promise<string> => {
    const text = await ok("exec", name, "ip", "-o", family, "addr", "show", "scope", "global");
    return /inet6? ([^/]+)/.exec(text)?.[1] ?? "";
  };
  /** What the plugins hold for sandboxes; their chains and the bridge stay, as the file says. */
  const held = async (): Promise<string[]> => {
    const leases = readdirSync(join(virtc.folder, "leases/yard"));
    const rules = await lab.exec("nft", ["list", "ruleset"]);
    return [
      ...(await lab.state()).filter((name) => name.startsWith("veth")),
      ...leases.filter((name) => /^(10\.|fd)/.test(name)),
      ...rules.split("\n").filter((line) => /dnat to|10\.44\.0\.\d+ /.test(line)),
    ];
  };

  test("joins two guests by address and name, leads out and in, and is given back", async () => {
    await start("one", "-p", "8080:80");
    await start("two");
    for (const url of [
      `http://${await addressOf("one", "-4")}`,
      `http://[${await addressOf("one", "-6")}]`,
      "http://one",
      "http://one.yard.test",
    ])
      expect(await fetch("two", `${url}/etc/hostname`)).toBe("one\n");
    expect(await fetch("one", `http://${await addressOf("two", "-4")}/etc/hostname`)).toBe("two\n");
    expect(await fetch("two", `http://${remote.ip}/`)).toBe(`::ffff:${here.ip}`);
    expect(await lab.fetch(`http://${here.ip}:8080/etc/hostname`)).toBe("one\n");
    expect(await ok("network", "inspect", "yard")).toMatch(/"one".*"two"/s);
    expect((await held()).length).toBeGreaterThan(5);
    await ok("rm", "-f", "one", "two");
    expect(await held()).toEqual([]);
  });

  test("is given back for a VM that was killed, as garbage", async () => {
    await start("one", "-p", "8080:80");
    const path = join(virtc.stateDir, "sbs/one/sandbox.json");
    const stored = JSON.parse(readFileSync(path, "utf8"));
    process.kill(stored.vm.process.pid, "SIGKILL");
    expect(await ok("gc")).toContain("yard (eth0)");
    expect(await held()).toEqual([]);
    expect(await ok("network", "inspect", "yard")).not.toContain('"one"');
  });
});
