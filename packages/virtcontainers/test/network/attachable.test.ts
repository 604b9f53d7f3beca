import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { SandboxConfig } from "../../src/config/sandbox.ts";
import type { Host } from "../../src/host/host.ts";
import { createHost } from "../../src/host/real.ts";
import { createTestInstance, type TestInstance } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";

const host = createHost();

/** A host that lacks programs, by their paths or names. */
function lacking(missing: RegExp): Host {
  const which = (name: string) =>
    missing.test(name) ? Promise.resolve(undefined) : Promise.resolve(`/bin/${name}`);
  // Of another host's user nothing is asked but that he may.
  return { ...host, uid: 0, processes: { ...host.processes, which } };
}

afterEach(() => vi.unstubAllEnvs());

/** Creates a sandbox that is refused: nothing of it was begun. */
async function refused(
  instance: TestInstance,
  config: SandboxConfig,
  code: "HOST_REQUIREMENT" | "NETWORK_NOT_FOUND" | "NOT_SUPPORTED" | "BUSY",
) {
  const error = await refusal(instance.vc.createSandbox({ containers: [], ...config }), code);
  expect(await leftovers(instance.folder)).toEqual([]);
  return error;
}

describe("what a sandbox can't be attached to is refused while nothing of it is there", () => {
  test("a host that lacks plugins and tools is told all of them at once, and what to do", async () => {
    vi.stubEnv("CNI_PATH", "/nowhere");
    await using instance = await createTestInstance({ host: lacking(/nowhere|^nft$|^tc$/) });
    const ports = [{ hostPort: 8080, containerPort: 80 }];
    const asked = { network: {}, ports };
    const { message, hint } = await refused(instance, asked, "HOST_REQUIREMENT");
    for (const what of ["plugin bridge", "plugin host-local", "plugin portmap", "nft", "tc"])
      expect(message).toContain(what);
    for (const name of ["containernetworking-plugins", "nftables", "iproute2", "virtc setup"])
      expect(hint).toContain(name);
    expect(hint).toContain("--network none");
    const without = await refused(instance, { network: {} }, "HOST_REQUIREMENT");
    expect(without.message).not.toContain("portmap");
  });

  test("names need dnsmasq where their plugin is installed", async () => {
    await using instance = await createTestInstance({ host: lacking(/^dnsmasq$/) });
    const { message, hint } = await refused(instance, { network: {} }, "HOST_REQUIREMENT");
    expect(message).toContain("dnsmasq");
    expect(hint).toContain("dnsmasq-base");
  });

  test("a network that is none, and what a network can't give", async () => {
    await using instance = await createTestInstance({ host: lacking(/^$/) });
    vi.stubEnv("VIRTC_CNI_CONF_DIR", join(instance.folder, "net.d"));
    const network = { networks: [{ name: "nowhere" }] };
    const { message } = await refused(instance, { network }, "NETWORK_NOT_FOUND");
    expect(message).toContain("there is no network nowhere");
    await instance.vc.networks.create({ name: "inside", internal: true });
    const ports = [{ hostPort: 8080, containerPort: 80 }];
    const inside = { network: { networks: [{ name: "inside" }] }, ports };
    const error = await refused(instance, inside, "NOT_SUPPORTED");
    expect(error.message).toContain("ports can't be published in the network inside");
  });
});
