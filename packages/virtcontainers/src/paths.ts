import { isAbsolute, join } from "node:path";
import { VirtError } from "./errors.ts";

/** Where sandboxes live (gone after a reboot) and where images live. */
export interface Folders {
  stateDir: string;
  dataDir: string;
}

/** The default folders of a user; VIRTC_STATE_DIR and VIRTC_DATA_DIR come first. */
export function defaultFolders(uid: number, env: NodeJS.ProcessEnv): Folders {
  return {
    stateDir: stateFolder(uid, env),
    dataDir: env.VIRTC_DATA_DIR || defaultDataDir(uid, env),
  };
}

/** The folder of a user's sandboxes; VIRTC_STATE_DIR comes first. */
export function stateFolder(uid: number, env: NodeJS.ProcessEnv): string {
  return env.VIRTC_STATE_DIR || defaultStateDir(uid, env);
}

function defaultStateDir(uid: number, env: NodeJS.ProcessEnv): string {
  if (uid === 0) return "/run/virtcontainers";
  return join(absolute(env.XDG_RUNTIME_DIR) ?? `/tmp/virtcontainers-${uid}`, "virtcontainers");
}

function defaultDataDir(uid: number, env: NodeJS.ProcessEnv): string {
  if (uid === 0) return "/var/lib/virtcontainers";
  const base = absolute(env.XDG_DATA_HOME) ?? (env.HOME && join(env.HOME, ".local/share"));
  if (base) return join(base, "virtcontainers");
  throw new VirtError(
    "HOST_REQUIREMENT",
    "no folder for images: neither XDG_DATA_HOME nor HOME is set",
    {
      hint: "Set VIRTC_DATA_DIR.",
    },
  );
}

/** The specification of these variables has relative ones ignored. */
function absolute(path: string | undefined): string | undefined {
  return path !== undefined && isAbsolute(path) ? path : undefined;
}
