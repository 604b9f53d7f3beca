import type { Context } from "../../context.ts";

/** Nothing where the guest's files are not installed: that is for `virtc check` to tell. */
export async function guestVersions(context: Context): Promise<Record<string, string>> {
  const { findGuestDir, loadGuestAssets } = await import("virtcontainers/host");
  try {
    const { flavour, kernelVersion, versions } = await loadGuestAssets(findGuestDir(context.env));
    return { kernel: `${kernelVersion} (${flavour})`, ...versions };
  } catch {
    return {};
  }
}
