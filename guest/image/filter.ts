import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCapabilities } from "../../packages/virtcontainers/src/config/capabilities.ts";
import { defaultSeccomp } from "../../packages/virtcontainers/src/container/spec/oci/default-seccomp.ts";
import { inScratch } from "../../scripts/support/cache.ts";
import { run } from "../../scripts/support/run.ts";

/** A filter of system calls with its program, as texts for the guest's root. */
export interface CompiledFilter {
  /** As the agent would write it for crun: it compares the texts. */
  profile: string;
  /** In base64, as crun takes it. */
  program: string;
}

const profile = defaultSeccomp(defaultCapabilities);

/** The default filter, compiled by crun's own code: in each guest anew it would cost tens of milliseconds. */
export async function compileDefaultFilter(compiler: string): Promise<CompiledFilter> {
  return await inScratch(async (scratch) => {
    const config = join(scratch, "config.json");
    const program = join(scratch, "program");
    const spec = { ociVersion: "1.0.2", root: { path: "/" }, linux: { seccomp: profile } };
    await writeFile(config, JSON.stringify(spec));
    await run(compiler, [config, program]);
    return { profile: defaultFilterText, program: (await readFile(program)).toString("base64") };
  });
}

/** The names of each object in their order, as the agent's maps have them. */
export const defaultFilterText = JSON.stringify(profile, (_, value: unknown) =>
  value instanceof Object && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value,
);
