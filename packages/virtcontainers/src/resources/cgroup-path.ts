import { invalidArgument } from "../errors.ts";

const field = "cgroups.path";
/** Stands before the last name, so that the path can be a container's of whoever asks: that one stays theirs. */
const prefix = "virtc_";

/** Where the host's cgroup of a sandbox is. A relative path is below /virtcontainers. */
export function cgroupPath(sandboxId: string, path: string | undefined, systemd: boolean): string {
  if (path === undefined)
    return systemd ? scope("system.slice", "virtc", sandboxId) : `/virtc-${sandboxId}`;
  if (systemd) return systemdPath(path);
  const parts = path.split("/").filter((part) => part !== "");
  const last = parts.pop();
  if (last === undefined || [...parts, last].some((part) => part === "." || part === ".."))
    throw invalidArgument(field, path, "it is a path of names, such as /machines/sandbox1");
  const folder = path.startsWith("/") ? parts : ["virtcontainers", ...parts];
  return `/${[...folder, `${prefix}${last}`].join("/")}`;
}

/** Where the VMM itself is when only its vCPUs are in the sandbox's cgroup. */
export function overheadPath(sandboxId: string): string {
  return `/virtc-overhead-${sandboxId}`;
}

/** `slice:prefix:name`, as runtimes name what systemd is to hold. */
function systemdPath(path: string): string {
  const [slice = "", scopePrefix = "", name = "", ...more] = path.split(":");
  const good = /^[a-zA-Z0-9_.@-]+$/;
  const isSlice =
    slice === "" ||
    slice === "-.slice" ||
    /^[a-zA-Z0-9_.@]+(-[a-zA-Z0-9_.@]+)*\.slice$/.test(slice);
  if (!isSlice || !good.test(scopePrefix) || !good.test(name) || more.length > 0) {
    throw invalidArgument(
      field,
      path,
      "with systemdCgroup it is slice:prefix:name, such as system.slice:virtc:sandbox1",
    );
  }
  return scope(slice === "" ? "system.slice" : slice, scopePrefix, name);
}

/** A slice is below those that its name begins with: a-b.slice is in a.slice. systemd.slice(5). */
function scope(slice: string, scopePrefix: string, name: string): string {
  const parts = slice === "-.slice" ? [] : slice.slice(0, -".slice".length).split("-");
  const slices = parts.map((_, index) => `${parts.slice(0, index + 1).join("-")}.slice`);
  const leaf = name.endsWith(".slice") ? name : `${scopePrefix}-${name}.scope`;
  return `/${[...slices, leaf].join("/")}`;
}
