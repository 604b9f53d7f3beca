import { readFileSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Deadline } from "../../../deadline.ts";
import { VirtError } from "../../../errors.ts";
import type { Processes } from "../../host.ts";
import { identify } from "../../identity.ts";
import type { ProcessIdentity } from "../../process-identity.ts";
import { readFileOfOurs } from "../../trusted.ts";

const timeoutMs = 20_000;
/** The uplink's name in the house. */
const link = "uplink";
/** Where names are asked for if the host's own servers are on its loopback: pasta asks these. */
export const nameServer = "169.254.1.53";

/**
 * Nothing of the host's loopback is reached by it, in neither direction; ports are brought in by forwarders of their
 * own, since pasta takes none while it runs.
 */
const walls = ["--no-map-gw", "-t", "none", "-u", "none", "-T", "none", "-U", "none"];
const quiet = ["--quiet", "--no-dhcp", "--no-dhcpv6"];

/** Starts the way out of a house, which pasta is; undefined where this host has no way out itself. HOST_FAILED. */
export async function startUplink(
  processes: Processes,
  {
    folder,
    holder,
    env,
  }: {
    folder: string;
    holder: ProcessIdentity;
    env: Readonly<Record<string, string>>;
  },
): Promise<ProcessIdentity | undefined> {
  if (!(await hasWayOut())) return undefined;
  const path = await processes.which("pasta");
  if (path === undefined)
    throw new VirtError("HOST_REQUIREMENT", "pasta is not installed", {
      hint: "Install it; Debian: sudo apt install passt.",
    });
  // Of who was killed before it could say that it had started one.
  const left = foundUplink(folder);
  if (left !== undefined && (await processes.signal(left, "SIGKILL"))) {
    using deadline = new Deadline({}, timeoutMs, "ending an uplink that was left");
    await deadline.race(processes.waitGone(left, deadline.signal));
  }
  const pidFile = pidFileOf(folder);
  rmSync(pidFile, { force: true });
  const files = ["--pid", pidFile, "--log-file", join(folder, "pasta.log")];
  const what = ["--config-net", "-I", link, "--dns-forward", nameServer, ...walls, ...quiet];
  const args = [...what, ...files, String(holder.pid)];
  // It goes into the background when all is set up.
  const { code, stderr } = await processes.run(path, args, { env, timeoutMs });
  const pid = Number(readFileOfOurs(pidFile)?.trim());
  const started = code === 0 && pid > 1 ? await processes.identify(pid) : undefined;
  if (started !== undefined) return started;
  const log = readFileOfOurs(join(folder, "pasta.log")) ?? "";
  throw new VirtError(
    "HOST_FAILED",
    `pasta could not connect the networks of this user: ${`${stderr}${log}`.trim().slice(-500)}`,
    { hint: "Look whether this host has an address and a default route: ip route." },
  );
}

/** The uplink by what it has written down itself, if it runs. What it was started with is for nobody to read. */
export function foundUplink(folder: string): ProcessIdentity | undefined {
  const pid = Number(readFileOfOurs(pidFileOf(folder))?.trim());
  const found = pid > 1 ? identify(pid) : undefined;
  return found !== undefined && isPasta(pid) ? found : undefined;
}

function pidFileOf(folder: string): string {
  return join(folder, "pasta.pid");
}

/** Its number may be another process's by now; it is called after the variant of passt that fits this CPU. */
function isPasta(pid: number): boolean {
  try {
    return /^(pasta|passt)/.test(readFileSync(`/proc/${pid}/comm`, "utf8"));
  } catch {
    return false;
  }
}

/** Whether this host has a route to everything. */
async function hasWayOut(): Promise<boolean> {
  const [four, six] = await Promise.all(
    ["/proc/net/route", "/proc/net/ipv6_route"].map((path) =>
      readFile(path, "utf8").catch(() => ""),
    ),
  );
  const viaFour = (four ?? "").split("\n").some((line) => {
    const [, dest, , , , , , mask] = line.split(/\s+/);
    return dest === "00000000" && mask === "00000000";
  });
  const viaSix = (six ?? "").split("\n").some((line) => {
    const [dest, length, , , , , , , , device] = line.trim().split(/\s+/);
    return /^0+$/.test(dest ?? "") && length === "00" && device !== "lo" && device !== undefined;
  });
  return viaFour || viaSix;
}

/** For `nft -f -`: what is connected to the house does not reach this host by any of its addresses. A pure function of them. */
export function wallRules(addresses: readonly string[]): string {
  const drop = (family: "ip" | "ip6", own: readonly string[]): string =>
    own.length === 0 ? "" : `${family} daddr { ${own.join(", ")} } drop\n`;
  return `add table inet ${wallTable}
delete table inet ${wallTable}
table inet ${wallTable} {
chain forward {
type filter hook forward priority filter - 10; policy accept;
${drop(
  "ip",
  addresses.filter((each) => !each.includes(":")),
)}${drop(
  "ip6",
  addresses.filter((each) => each.includes(":")),
)}}
}
`;
}

const wallTable = "virtc_host";

/** Of this host, but those of one link, which are never forwarded. */
export function hostAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = all.filter(({ address, internal }) => !internal && !/^fe80:|%/i.test(address));
  return [...new Set(own.map(({ address }) => address))].sort();
}
