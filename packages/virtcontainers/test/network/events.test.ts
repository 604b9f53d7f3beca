import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VirtContainers, VirtEvent } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { enterOutside, type Outside } from "./cni/support/outside.ts";

/** What was told of networks so far, in few words. */
async function told(vc: VirtContainers): Promise<string[]> {
  const said: string[] = [];
  for await (const event of vc.events({ since: new Date(0), until: new Date() }))
    if (event.network !== undefined || event.containerId === undefined) said.push(text(event));
  return said;
}

function text({ type, sandboxId, network, interfaceName }: VirtEvent): string {
  return [type, sandboxId, network, interfaceName].filter((part) => part !== undefined).join(" ");
}

describe.skipIf(process.getuid?.() !== 0)("what happens with networks (needs root)", () => {
  let outside: Outside;
  beforeAll(async () => {
    outside = await enterOutside();
  });
  afterAll(() => outside.leave());

  test("is told as it happens: networks come and go, and sandboxes are in them and are not", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const { vc } = instance;
    for (const name of ["front", "back"]) await vc.networks.create({ name });
    const network = { networks: [{ name: "front" }] };
    const sandbox = await vc.createSandbox({ id: "sb", network });
    await vc.connectNetwork("sb", { name: "back", interfaceName: "back0" });
    await vc.disconnectNetwork("sb", "front");
    await sandbox.stop({ force: true });
    // While it is stopped it is in no network, whatever its configuration says.
    await vc.connectNetwork("sb", { name: "front" });
    await sandbox.start();
    await sandbox.delete({ force: true });
    await vc.networks.remove("back");
    expect(await vc.networks.prune()).toEqual(["front"]);
    // What fails has not happened.
    await refusal(vc.networks.remove("back"), "NETWORK_NOT_FOUND");
    expect(await told(vc)).toEqual([
      "networkCreated front",
      "networkCreated back",
      "created sb",
      "connected sb front eth0",
      "connected sb back back0",
      "disconnected sb front eth0",
      "disconnected sb back back0",
      "stopped sb",
      "connected sb back back0",
      "connected sb front eth0",
      "started sb",
      "disconnected sb back back0",
      "disconnected sb front eth0",
      "deleted sb",
      "networkRemoved back",
      "networkRemoved front",
    ]);
  });

  test("is told of a sandbox whose VM has died when it is started anew", async () => {
    const folder = await testFolder();
    await using instance = await createTestInstance({ folder });
    const { vc } = instance;
    await vc.createSandbox({ id: "sb", network: {} });
    const { vmm } = await vc.statusSandbox("sb");
    process.kill(vmm?.pid ?? 0, "SIGKILL");
    await vc.startSandbox("sb");
    await vc.deleteSandbox("sb", { force: true });
    const connected = "connected sb bridge eth0";
    const disconnected = "disconnected sb bridge eth0";
    expect((await told(vc)).filter((said) => said.includes("bridge"))).toEqual([
      connected,
      disconnected,
      connected,
      disconnected,
    ]);
  });
});
