import { describe, expect, test } from "vitest";
import { filesFeature } from "../../src/agent/features.ts";
import type { ContainerConfig } from "../../src/config/container.ts";
import { containerSpec } from "../../src/container/spec/spec.ts";
import { fileMounts, sandboxFiles } from "../../src/network/files.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { thrown } from "../support/refusal.ts";
import { waiting } from "../support/sandbox.ts";

const able = { agentFeatures: [filesFeature] };

function destinations(config: Partial<ContainerConfig>, sandbox = able): string[] {
  const mounts = fileMounts({ config: { id: "c1", ...config } }, sandbox);
  return mounts.map(({ destination }) => destination);
}

const all = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];

describe("what a sandbox is called", () => {
  test("stands in the files that its containers get", () => {
    expect(sandboxFiles({ hostname: "web.example.org" })).toEqual([
      {
        name: "hosts",
        text:
          "127.0.0.1\tlocalhost\n::1\tlocalhost\tip6-localhost\tip6-loopback\n" +
          "fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n" +
          "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n" +
          "127.0.0.1\tweb.example.org\tweb\n",
      },
      { name: "hostname", text: "web.example.org\n" },
      { name: "resolv.conf", text: "" },
    ]);
    const [hosts] = sandboxFiles({ hostname: "web" });
    expect(hosts?.text.endsWith("\n127.0.0.1\tweb\n")).toBe(true);
  });

  test("has its first network's addresses, and names that the configuration adds", () => {
    const view = {
      addresses: ["10.1.0.2", "fd00::2"],
      gateways: ["10.1.0.1"],
      settings: {
        dns: { servers: ["192.0.2.5"] },
        hosts: [
          { name: "db", address: "10.1.0.9" },
          { name: "this.host", address: "host-gateway" },
        ],
      },
      dns: [],
      host: { servers: ["192.0.2.1"], searches: [], options: [] },
    };
    const [hosts, , resolvConf] = sandboxFiles({ hostname: "web.example.org" }, view);
    expect(hosts?.text.split("\n").slice(6)).toEqual([
      "10.1.0.2\tweb.example.org\tweb",
      "fd00::2\tweb.example.org\tweb",
      "10.1.0.9\tdb",
      "10.1.0.1\tthis.host",
      "",
    ]);
    expect(resolvConf).toEqual({ name: "resolv.conf", text: "nameserver 192.0.2.5\n" });
    const lost = { ...view, gateways: [] };
    expect(thrown(() => sandboxFiles({ hostname: "web" }, lost))).toMatchObject({
      code: "INVALID_ARGUMENT",
      field: "network.hosts.1.address",
    });
  });

  test("comes to the guest in the call that says whose it is", async () => {
    await using instance = await createTestInstance();
    await using _sandbox = await instance.vc.createSandbox({ id: "sb", containers: [waiting] });
    const [request] = instance.agent("sb").requests("ConfigureSandbox");
    expect(request).toMatchObject({
      files: [{ name: "hosts" }, { name: "hostname" }, { name: "resolv.conf" }],
    });
  });
});

describe("a container gets them", () => {
  test("where the agent of its guest has them, and its root is not one of a specification", () => {
    expect(destinations({})).toEqual(all);
    expect(destinations({}, { ...able, agentFeatures: [] })).toEqual([]);
    expect(destinations({ customSpec: { ociVersion: "1.0.2" } })).toEqual([]);
  });

  test.each<[string, NonNullable<ContainerConfig["mounts"]>[number], string[]]>([
    ["its own /etc/hosts wins", bind("/etc/hosts"), all.slice(1)],
    ["however it is written", bind("/etc/./hosts/"), all.slice(1)],
    ["a folder of the host is left as it is", bind("/etc"), []],
    [
      "so is what can't be written to",
      { type: "volume", source: "etc", destination: "/etc", readOnly: true },
      [],
    ],
    ["a volume gets places", { type: "volume", source: "etc", destination: "/etc" }, all],
    ["as memory does", { type: "tmpfs", destination: "/etc" }, all],
    ["a neighbour is none of its business", bind("/et"), all],
  ])("%s", (_name, mount, expected) => {
    expect(destinations({ mounts: [mount] })).toEqual(expected);
  });

  test("as its root is, read-only or not, and after what lies above them", () => {
    const mounts = [{ type: "tmpfs" as const, destination: "/etc" }];
    const container = {
      ...{ id: "c1", state: "creating" as const, drives: {}, argv: ["sh"], pid: 0 },
      ...{ createdAt: "", startTime: "", mounts: [{ kind: "guest" as const }] },
      config: { id: "c1", readonlyRootfs: true, mounts },
    };
    const sandbox = { hostname: "sb", config: {}, agentFeatures: ["seccomp", filesFeature] };
    const made = containerSpec(container, sandbox, "/root").mounts ?? [];
    expect(made.slice(-4)).toMatchObject([
      { destination: "/etc", type: "tmpfs" },
      {
        destination: "/etc/hosts",
        options: ["rbind", "rprivate", "ro", "nosuid", "nodev", "noexec"],
      },
      { destination: "/etc/hostname", source: "/run/kata-containers/sandbox/files/hostname" },
      { destination: "/etc/resolv.conf" },
    ]);
  });
});

function bind(destination: string) {
  return { type: "bind" as const, source: "/tmp", destination };
}
