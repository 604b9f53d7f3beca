import type { VirtContainers } from "virtcontainers";

/** What is passed of a network's making and taking away, as failpoints are called. */
export const networkPoint =
  /^failpoint:(network|cni|egress|routed|(take|release)\.(cni|netns|link|qdisc|router))\b/;

const containers = [{ id: "main", image: "busybox", waits: true }];
const tap = { name: "tap9", hwAddr: "02:00:00:00:00:19", type: "tap" };

/**
 * Takes from the host all that a sandbox with networks can, and gives it back: two networks, published ports, rates,
 * interfaces that come and go, and beside it an egress policy, with a restart.
 */
export async function networkScenario(vc: VirtContainers): Promise<void> {
  await vc.networks.create({ name: "front", ipv6: true });
  const open = await vc.runSandbox({
    id: "open",
    containers,
    network: { networks: [{ name: "bridge" }, { name: "front" }] },
    ports: [{ hostPort: 8080, containerPort: 80 }],
  });
  await open.addInterface(tap);
  await open.removeInterface(tap);
  await open.delete({ force: true });
  const guarded = await vc.runSandbox({
    id: "guarded",
    containers,
    network: {
      egress: { default: "deny", allow: ["example.com"] },
      rxRateBits: 50_000_000,
      txRateBits: 50_000_000,
    },
    ports: [{ hostPort: 8080, containerPort: 80 }],
  });
  await guarded.setEgress({ default: "deny" });
  await guarded.stop();
  await guarded.start();
  await guarded.delete({ force: true });
  await vc.networks.remove("front");
}
