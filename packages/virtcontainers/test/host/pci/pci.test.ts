import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createHost } from "../../../src/host/real.ts";
import { vfio } from "../../../src/network/endpoint/vfio.ts";
import { LedgerFile } from "../../../src/store/ledger-file.ts";
import type { StoredEndpoint } from "../../../src/store/network/stored.ts";
import { refusal } from "../../support/refusal.ts";
import { soon } from "../../support/soon.ts";
import { kernelDouble } from "./kernel.ts";

test("a device goes to the driver of VMs and back to its own, step by step", async () => {
  const { pci, address, group, written, override, bound } = kernelDouble();
  await pci.assertVfio();
  expect(await pci.groupFile(address)).toBe(group);
  await pci.lend(address);
  expect(await bound()).toBe("vfio-pci");
  await pci.lend(address);
  await pci.giveBack(address, "e1000e");
  expect([await bound(), override()]).toEqual(["e1000e", ""]);
  await pci.giveBack(address, "e1000e");
  expect(written.slice(0, 6)).toEqual([
    `devices/${address}/driver_override vfio-pci`,
    `devices/${address}/driver/unbind ${address}`,
    `drivers_probe ${address}`,
    `devices/${address}/driver_override `,
    `devices/${address}/driver/unbind ${address}`,
    `drivers/e1000e/bind ${address}`,
  ]);
});

test("one without a driver has none afterwards, and one that is gone is no error", async () => {
  const without = kernelDouble({ driver: "" });
  await without.pci.lend(without.address);
  await without.pci.giveBack(without.address, undefined);
  expect(await without.bound()).toBeUndefined();
  without.unplug();
  await without.pci.giveBack(without.address, undefined);
});

test("a host without VFIO, and a device that does not go, are told", async () => {
  const bare = kernelDouble({ iommu: false });
  await refusal(bare.pci.assertVfio(), "HOST_REQUIREMENT");
  await refusal(bare.pci.groupFile(bare.address), "HOST_REQUIREMENT");
  const stubborn = kernelDouble({ refuses: true });
  expect((await refusal(stubborn.pci.lend(stubborn.address), "HOST_FAILED")).message).toContain(
    "to no driver",
  );
});

/** An endpoint of the kernel's device, with a ledger on disk. */
function physical(kernel: ReturnType<typeof kernelDouble>, rates = {}) {
  const folder = mkdtempSync(join(tmpdir(), "vc-vfio-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const host = { ...createHost(), pci: kernel.pci };
  const ledger = new LedgerFile(host, join(folder, "ledger"));
  const netns = { path: "/run/netns/x", dev: "1", ino: "2" };
  const network = { netns, created: false };
  const work = { host, network, queues: 1, user: undefined, rates, ledger, signal: soon() };
  const endpoint: StoredEndpoint = {
    id: "net0",
    type: "physical",
    model: "tcfilter",
    name: "eth0",
    ifindex: 2,
    index: 0,
    source: { kind: "pci", address: kernel.address },
    guest: {
      mac: "02:00:00:00:00:01",
      mtu: 1500,
      noArp: false,
      addresses: [],
      routes: [],
      neighbors: [],
    },
  };
  return { host, ledger, work, endpoint, ledgerPath: join(folder, "ledger") };
}

test("an endpoint takes no card where the host has no VFIO, nor with a limit", async () => {
  const bare = kernelDouble({ iommu: false });
  const { work, endpoint } = physical(bare);
  await refusal(vfio.attach(work, endpoint), "HOST_REQUIREMENT");
  const limited = physical(bare, { txRateBits: 1_000_000 });
  expect((await refusal(vfio.attach(limited.work, endpoint), "NOT_SUPPORTED")).field).toBe(
    "network.txRateBits",
  );
  expect([await bare.bound(), bare.written]).toEqual(["e1000e", []]);
});

test("a card that an endpoint took is given back by its ledger, also by another process", async () => {
  const kernel = kernelDouble();
  const { host, work, endpoint, ledgerPath } = physical(kernel);
  // The file of the group is none that a VM could be given: what was taken before is there to be given back.
  await expect(vfio.attach(work, endpoint)).rejects.toMatchObject({ code: "HOST_FAILED" });
  expect(existsSync(kernel.group)).toBe(false);
  expect(await kernel.bound()).toBe("vfio-pci");
  await new LedgerFile(host, ledgerPath).releaseAll();
  expect(await kernel.bound()).toBe("e1000e");
});
