import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StringUserSchema } from "@virtcontainers/agent-protocol";
import { defaultCapabilities, knownCapabilities } from "../../config/capabilities.ts";
import type { Cmd } from "../../config/cmd.ts";
import type { OciProcess } from "../../config/oci/process.ts";
import type { StoredContainer } from "../../store/schema.ts";
import { defaultPath } from "./defaults.ts";

type Capabilities = NonNullable<OciProcess["capabilities"]>;

/**
 * One process of a container; what the command leaves out comes from the container's own command, then from
 * its specification or else its image.
 */
export function processSpec(cmd: Cmd, container: StoredContainer): OciProcess {
  const own = container.config.cmd;
  const spec = container.config.customSpec?.process;
  const rlimits = cmd.rlimits ?? own?.rlimits ?? spec?.rlimits;
  return {
    terminal: cmd.terminal ?? false,
    ...(cmd.consoleSize && { consoleSize: cmd.consoleSize }),
    ...(spec?.user && { user: spec.user }),
    args: cmd.args,
    env: environment([
      ...inherited(container, cmd.terminal ?? false),
      ...(spec?.env ?? container.image?.config.env ?? []),
      ...pairs(own),
      ...pairs(cmd),
    ]),
    cwd: cmd.workDir ?? own?.workDir ?? spec?.cwd ?? (container.image?.config.workingDir || "/"),
    noNewPrivileges: cmd.noNewPrivileges ?? own?.noNewPrivileges ?? spec?.noNewPrivileges ?? false,
    capabilities: capabilitySets(cmd.capabilities ?? own?.capabilities, spec, container),
    ...(rlimits && { rlimits }),
    oomScoreAdj: cmd.oomScoreAdj ?? own?.oomScoreAdj ?? spec?.oomScoreAdj ?? 0,
  };
}

/** Who the process runs as; the agent looks names up in the container's own /etc/passwd. */
export function userSpec(
  cmd: Cmd,
  container: StoredContainer,
): MessageInitShape<typeof StringUserSchema> {
  const own = container.config.cmd;
  const numbers = container.config.customSpec?.process?.user !== undefined;
  const fallback = numbers ? "" : container.image?.config.user || "0";
  return {
    uid: cmd.user ?? own?.user ?? fallback,
    gid: cmd.primaryGroup ?? own?.primaryGroup ?? "",
    additionalGids: cmd.supplementaryGroups ?? own?.supplementaryGroups ?? [],
  };
}

/** What a process needs and its image may not say; a specification says all. */
function inherited({ config, image }: StoredContainer, terminal: boolean): string[] {
  if (config.customSpec?.process !== undefined) return [];
  const hasPath = image?.config.env.some((entry) => entry.startsWith("PATH="));
  return [...(hasPath ? [] : [defaultPath]), ...(terminal ? ["TERM=xterm"] : [])];
}

/** A set that a specification leaves out is empty; one that a command leaves out is the default. */
function capabilitySets(
  asked: Cmd["capabilities"],
  spec: OciProcess | undefined,
  { config }: StoredContainer,
): Required<Capabilities> {
  const usual = config.privileged ? knownCapabilities : defaultCapabilities;
  const all = spec === undefined ? [...usual] : [];
  const sets = asked ?? spec?.capabilities;
  return {
    bounding: sets?.bounding ?? all,
    effective: sets?.effective ?? all,
    permitted: sets?.permitted ?? all,
    inheritable: sets?.inheritable ?? [],
    ambient: sets?.ambient ?? [],
  };
}

function pairs(cmd: Cmd | undefined): string[] {
  return (cmd?.envs ?? []).map((entry) => `${entry.var}=${entry.value}`);
}

/** Later entries of the same name win; the order of first appearance stays. */
function environment(entries: readonly string[]): string[] {
  const byName = new Map<string, string>();
  for (const entry of entries) byName.set(entry.split("=", 1)[0] ?? entry, entry);
  return [...byName.values()];
}
