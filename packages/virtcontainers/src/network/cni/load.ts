import { extname, join } from "node:path";
import { isVirtError, VirtError } from "../../errors.ts";
import { readTrusted } from "../../host/trusted.ts";
import { namesIn } from "../../store/network/places.ts";
import { type NetworkList, readList, readSingle } from "./config-list.ts";

/** The most that one file may have. */
const maxBytes = 1024 * 1024;

/** A file of a folder of configurations: what it says, or why it can't be used. */
export interface LoadedList {
  path: string;
  list?: NetworkList | undefined;
  error?: VirtError | undefined;
}

/** Where the configurations of CNI are. */
export function configFolders(env: NodeJS.ProcessEnv): string[] {
  return [env.VIRTC_CNI_CONF_DIR || "/etc/cni/net.d"];
}

/** All configurations of the folders, in the order of their names, which is that of their precedence. */
export async function loadLists(folders: readonly string[]): Promise<LoadedList[]> {
  const loaded: LoadedList[] = [];
  for (const folder of folders) {
    for (const name of await namesIn(folder)) {
      if ([".conflist", ".conf", ".json"].includes(extname(name)))
        loaded.push(load(join(folder, name)));
    }
  }
  return loaded;
}

/**
 * The configuration of a network; undefined if no file has it. The file's own error if that can't be used, and so if
 * none has the name but one is so damaged that it may be meant.
 */
export async function findList(
  name: string,
  folders: readonly string[],
): Promise<NetworkList | undefined> {
  const loaded = await loadLists(folders);
  const found = loaded.find(({ list }) => list?.name === name);
  if (found !== undefined) return found.list;
  const damaged = loaded.find(({ path, error }) => error !== undefined && mayBe(path, name));
  if (damaged !== undefined) throw damaged.error;
  return undefined;
}

/** By a file name such as 10-NAME.conflist. */
function mayBe(path: string, name: string): boolean {
  const file = path.slice(path.lastIndexOf("/") + 1, path.length - extname(path).length);
  return file === name || file.replace(/^\d+-/, "") === name;
}

function load(path: string): LoadedList {
  try {
    const text = readTrusted(path) ?? "";
    if (text.length > maxBytes) throw damaged(path, `it is larger than ${maxBytes} bytes`);
    const input = parseJson(path, text);
    const list = extname(path) === ".conflist" ? readList(input, path) : readSingle(input, path);
    return { path, list };
  } catch (error) {
    if (!isVirtError(error)) throw error;
    return { path, error };
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(path, error instanceof Error ? error.message : String(error));
  }
}

function damaged(path: string, why: string): VirtError {
  return new VirtError("INVALID_ARGUMENT", `${path} is no configuration of CNI: ${why}`, {
    field: path,
    hint: "Correct the file, or take it out of the folder.",
  });
}
