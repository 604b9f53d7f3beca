import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";

const timeoutMs = 60_000;

/** The table of nftables that has the rules of a bridge. */
export function tableOf(bridge: string): string {
  return `virtc_${bridge.replaceAll("-", "_")}`;
}

/** Removes a bridge with its rules; not there is no error. */
export async function removeBridge(host: Host, bridge: string): Promise<void> {
  await removeRules(host, bridge);
  await removeForeignRules(host, bridge);
  const { code, stderr } = await host.network.run(
    undefined,
    "ip",
    ["link", "delete", "dev", bridge],
    { timeoutMs },
  );
  if (code !== 0 && !/Cannot find device/.test(stderr))
    throw failed(`removing the bridge ${bridge}`, stderr);
}

async function removeRules(host: Host, bridge: string): Promise<void> {
  const table = tableOf(bridge);
  // A table that is added is there, so that it can be deleted.
  const input = `add table inet ${table}\ndelete table inet ${table}\n`;
  await runNft(host, input);
}

/** The plugin dnsname lets names be asked for on the bridge, and never takes that back. */
async function removeForeignRules(host: Host, bridge: string): Promise<void> {
  if ((await host.processes.which("iptables")) === undefined) return;
  const run = (...args: string[]) =>
    host.network.run(undefined, "iptables", ["-w", ...args], { timeoutMs });
  const { stdout } = await run("-S", "INPUT");
  for (const rule of stdout.split("\n").filter((line) => line.includes(` -i ${bridge} `)))
    await run("-D", ...rule.trim().split(/\s+/).slice(1));
}

/** Puts rules in force, all of them or none. HOST_REQUIREMENT, HOST_FAILED. */
export async function runNft(host: Host, input: string, signal?: AbortSignal): Promise<void> {
  const { code, stderr } = await host.network.run(undefined, "nft", ["-f", "-"], {
    input,
    timeoutMs,
    ...(signal !== undefined && { signal }),
  });
  if (code !== 0) throw failed("changing rules of nftables", stderr);
}

function failed(doing: string, stderr: string): VirtError {
  return new VirtError("HOST_FAILED", `${doing} failed: ${stderr.trim().slice(-500)}`, {
    hint: "Networks with a bridge need a kernel with nf_tables.",
  });
}
