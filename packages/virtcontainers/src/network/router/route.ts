import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { forwardingScript, sourceRules, tapLines, uplinkLines } from "./lines.ts";
import type { RoutedLink } from "./link.ts";

interface Place {
  host: Pick<Host, "network">;
  /** The namespace. */
  netns: string;
  signal: AbortSignal;
}

/**
 * Makes a namespace the router of a guest that has the addresses of its uplink: all of it but that the tap, which is
 * there and down, leads to the guest.
 */
export async function prepareRouter(place: Place, link: RoutedLink): Promise<void> {
  await run(
    place,
    "ip",
    ["-batch", "-"],
    uplinkLines(link)
      .map((line) => `${line}\n`)
      .join(""),
  );
  await run(place, "sh", ["-c", forwardingScript(link)]);
  await run(place, "nft", ["-f", "-"], sourceRules(link));
}

/** Connects the guest with its router. */
export async function openRouter(place: Place, link: RoutedLink): Promise<void> {
  await run(
    place,
    "ip",
    ["-batch", "-"],
    tapLines(link)
      .map((line) => `${line}\n`)
      .join(""),
  );
}

/** Whether a namespace routes already. */
export async function readForwarding(place: Place): Promise<{ v4: boolean; v6: boolean }> {
  const script =
    "cat /proc/sys/net/ipv4/ip_forward; cat /proc/sys/net/ipv6/conf/all/forwarding || echo 0";
  const [v4, v6] = (await run(place, "sh", ["-c", script])).split("\n");
  return { v4: v4 !== "0", v6: v6 !== "0" };
}

async function run(
  { host, netns, signal }: Place,
  tool: string,
  args: readonly string[],
  input?: string,
): Promise<string> {
  const { code, stdout, stderr } = await host.network.run(netns, tool, args, {
    signal,
    ...(input !== undefined && { input }),
  });
  if (code === 0) return stdout;
  throw new VirtError(
    "HOST_FAILED",
    `${tool} could not make the router of a guest: ${stderr.trim()}`,
  );
}
