import type { HostCheck } from "virtcontainers/host";
import type { Context } from "../../context.ts";

/** Looks at all that the library needs of this host. */
export async function checkThisHost(context: Context): Promise<HostCheck[]> {
  const { checkHost, createHost, findGuestDir, loadGuestAssets } = await import(
    "virtcontainers/host"
  );
  return await checkHost(createHost(), async () => {
    const dir = findGuestDir(context.env);
    const { flavour, kernelVersion } = await loadGuestAssets(dir);
    return `kernel ${kernelVersion} (${flavour}) in ${dir}`;
  });
}
