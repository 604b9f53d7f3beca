import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostError, isErrno } from "./errno.ts";

/** What resolv.conf(5) says. */
export interface ResolvConf {
  /** Addresses. */
  servers: string[];
  searches: string[];
  options: string[];
}

/** The file that programs read, and where systemd-resolved, which it then names, keeps the servers behind itself. */
const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"] as const;

/**
 * How this host resolves names, as far as a guest can do the same: a server on loopback is out of its reach, and so
 * is one by a link of this host's. HOST_FAILED.
 */
export async function hostResolvConf(paths: readonly string[] = files): Promise<ResolvConf> {
  let found: ResolvConf = { servers: [], searches: [], options: [] };
  for (const path of paths) {
    const read = parseResolvConf(await textOf(path));
    if (found.searches.length === 0) found = { ...read, servers: [] };
    const servers = read.servers.filter((server) => isIP(server) !== 0 && !isLocal(server));
    if (servers.length > 0) return { ...found, servers };
  }
  return found;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return "";
    throw hostError(error, `reading ${path}`);
  }
}

function isLocal(server: string): boolean {
  return /^127\.|^(::1|::|0\.0\.0\.0|::ffff:127\..*)$|%/.test(server);
}

/** As resolv.conf(5): the last `search` or `domain` counts, all `nameserver` and `options` do. */
export function parseResolvConf(text: string): ResolvConf {
  const found: ResolvConf = { servers: [], searches: [], options: [] };
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver") found.servers.push(...values.slice(0, 1));
    else if (keyword === "search" || keyword === "domain")
      found.searches = values.filter((name) => name !== ".");
    else if (keyword === "options") found.options.push(...values);
  }
  return found;
}
