import type { Host } from "./host.ts";

// An ordinary user is root of user namespaces of his own, and has in them, beside himself, the ids that the
// administrator gave him in /etc/subuid and /etc/subgid.

const toolMs = 20_000;
const alone = ["--user", "--map-root-user", "--mount"] as const;

export interface UserNamespace {
  /** unshare(1). */
  path: string;
  options: readonly string[];
  /** True if it has more users than its root. */
  ranged: boolean;
}

/** The largest that this user can have: with his range of ids, if he has one and newuidmap. Undefined if none. */
export async function userNamespace({
  processes,
}: Pick<Host, "processes">): Promise<UserNamespace | undefined> {
  const path = await processes.which("unshare");
  if (path === undefined) return undefined;
  for (const ranged of [true, false]) {
    const options = ranged ? [...alone, "--map-auto"] : alone;
    const { code } = await processes.run(path, [...options, "true"], { timeoutMs: toolMs });
    if (code === 0) return { path, options, ranged };
  }
  return undefined;
}
