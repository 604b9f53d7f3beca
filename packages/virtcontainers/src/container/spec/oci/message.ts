import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  HookSchema,
  LinuxSchema,
  LinuxSeccompSchema,
  ProcessSchema,
  SpecSchema,
} from "@virtcontainers/agent-protocol";
import type { Hook } from "../../../config/oci/hooks.ts";
import type { OciLinux } from "../../../config/oci/linux.ts";
import type { OciProcess } from "../../../config/oci/process.ts";
import type { OciSpec } from "../../../config/oci/schema.ts";
import type { Seccomp } from "../../../config/oci/seccomp.ts";
import { toUint64 } from "../../../validate.ts";
import { resourcesSpec } from "../spec.ts";

/** A specification as the agent's contract carries it. */
export function specMessage(spec: OciSpec): MessageInitShape<typeof SpecSchema> {
  const { process, root, hooks, linux } = spec;
  return {
    Version: spec.ociVersion,
    ...(process && { Process: processMessage(process) }),
    ...(root && { Root: { Path: root.path, Readonly: root.readonly ?? false } }),
    Hostname: spec.hostname ?? "",
    Mounts: (spec.mounts ?? []).map(({ destination, type, source, options }) => ({
      destination,
      type: type ?? "",
      source: source ?? "",
      options: options ?? [],
    })),
    ...(hooks && { Hooks: { StartContainer: (hooks.startContainer ?? []).map(hookMessage) } }),
    Annotations: spec.annotations ?? {},
    ...(linux && { Linux: linuxMessage(linux) }),
  };
}

export function processMessage(process: OciProcess): MessageInitShape<typeof ProcessSchema> {
  const { consoleSize, user, capabilities, rlimits } = process;
  return {
    Terminal: process.terminal ?? false,
    ...(consoleSize && {
      ConsoleSize: { Height: consoleSize.height, Width: consoleSize.width },
    }),
    User: { UID: user?.uid ?? 0, GID: user?.gid ?? 0, AdditionalGids: user?.additionalGids ?? [] },
    Args: process.args ?? [],
    Env: process.env ?? [],
    Cwd: process.cwd,
    NoNewPrivileges: process.noNewPrivileges ?? false,
    Capabilities: {
      Bounding: capabilities?.bounding ?? [],
      Effective: capabilities?.effective ?? [],
      Permitted: capabilities?.permitted ?? [],
      Inheritable: capabilities?.inheritable ?? [],
      Ambient: capabilities?.ambient ?? [],
    },
    Rlimits: (rlimits ?? []).map(({ type, soft, hard }) => ({
      Type: type,
      Soft: toUint64(soft),
      Hard: toUint64(hard),
    })),
    OOMScoreAdj: BigInt(process.oomScoreAdj ?? 0),
  };
}

function linuxMessage(linux: OciLinux): MessageInitShape<typeof LinuxSchema> {
  return {
    Namespaces: (linux.namespaces ?? []).map(({ type, path }) => ({
      Type: type,
      Path: path ?? "",
    })),
    MaskedPaths: linux.maskedPaths ?? [],
    ReadonlyPaths: linux.readonlyPaths ?? [],
    CgroupsPath: linux.cgroupsPath ?? "",
    Resources: resourcesSpec(linux.resources ?? {}),
    Sysctl: linux.sysctl ?? {},
    RootfsPropagation: linux.rootfsPropagation ?? "",
    ...(linux.seccomp && { Seccomp: seccompMessage(linux.seccomp) }),
  };
}

function seccompMessage(seccomp: Seccomp): MessageInitShape<typeof LinuxSeccompSchema> {
  return {
    DefaultAction: seccomp.defaultAction,
    Architectures: seccomp.architectures ?? [],
    Flags: seccomp.flags ?? [],
    Syscalls: (seccomp.syscalls ?? []).map(({ names, action, errnoRet, args }) => ({
      Names: names,
      Action: action,
      errnoret: errnoRet ?? 0,
      Args: (args ?? []).map(({ index, value, valueTwo, op }) => ({
        Index: BigInt(index),
        Value: toUint64(value),
        ValueTwo: toUint64(valueTwo ?? 0),
        Op: op,
      })),
    })),
  };
}

function hookMessage({ path, args, env, timeout }: Hook): MessageInitShape<typeof HookSchema> {
  return { Path: path, Args: args ?? [], Env: env ?? [], Timeout: BigInt(timeout ?? 0) };
}
