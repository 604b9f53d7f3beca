import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinuxResourcesSchema } from "@virtcontainers/agent-protocol";
import type { OciLinux } from "../../config/oci/linux.ts";
import type { DeviceRule, Resources } from "../../config/oci/resources.ts";
import type { OciMount, OciSpec } from "../../config/oci/schema.ts";
import { fileMounts } from "../../network/files.ts";
import type { StoredContainer, StoredSandbox } from "../../store/schema.ts";
import { defaultMounts, maskedPaths, readonlyPaths } from "./defaults.ts";
import { specMounts } from "./mounts.ts";
import { namespacesSpec } from "./namespaces.ts";
import { processSpec } from "./process-spec.ts";
import { type Filtering, seccompSpec } from "./seccomp.ts";
import { initialArgs, waiterMount } from "./waiter.ts";

/**
 * The OCI specification that the guest gets for a container (OCI runtime-spec 1.0, config.md). `fresh`: the
 * volumes that are to be filled from its root.
 */
export function containerSpec(
  container: StoredContainer,
  sandbox: Filtering & Pick<StoredSandbox, "hostname" | "config" | "agentFeatures">,
  rootPath: string,
  fresh: ReadonlySet<string> = new Set(),
): OciSpec {
  const { config } = container;
  const custom = config.customSpec;
  const startContainer = custom?.hooks?.startContainer;
  const own = config.privileged ? defaultMounts.map(writableMount) : defaultMounts;
  const defaults = [...own, ...fileMounts(container, sandbox)];
  const base = custom === undefined ? defaults : (custom.mounts ?? []);
  const mounts = specMounts(container, base, {
    sharedShm: sandbox.config.shmSize !== undefined,
    fresh,
  });
  const process = processSpec({ ...config.cmd, args: initialArgs(container) }, container);
  const seccomp = seccompSpec(container, sandbox, process.capabilities?.bounding ?? []);
  return {
    ociVersion: "1.0.2",
    process,
    root: { path: rootPath, readonly: config.readonlyRootfs ?? false },
    hostname: custom?.hostname || sandbox.hostname,
    mounts: config.waits || config.init ? [...mounts, waiterMount] : mounts,
    ...(startContainer && { hooks: { startContainer } }),
    annotations: config.annotations ?? {},
    linux: {
      namespaces: namespacesSpec(sandbox),
      ...linuxSpec(container),
      ...(seccomp && { seccomp }),
    },
  };
}

const anyDevice: DeviceRule = { allow: true, access: "rwm" };

function writableMount(mount: OciMount): OciMount {
  return { ...mount, options: mount.options?.filter((option) => option !== "ro") };
}

function linuxSpec({ id, config }: StoredContainer): OciLinux {
  const custom = config.customSpec;
  const { rootfsPropagation } = custom?.linux ?? {};
  const domain = custom?.domainname;
  const sysctl = {
    ...custom?.linux?.sysctl,
    ...(domain && { "kernel.domainname": domain }),
    ...config.sysctl,
  };
  const closed = custom === undefined && !config.privileged;
  return {
    maskedPaths: closed ? [...maskedPaths] : (custom?.linux?.maskedPaths ?? []),
    readonlyPaths: closed ? [...readonlyPaths] : (custom?.linux?.readonlyPaths ?? []),
    cgroupsPath: `/virtcontainers/${id}`,
    resources: { ...config.resources, ...(config.privileged && { devices: [anyDevice] }) },
    ...(Object.keys(sysctl).length > 0 && { sysctl }),
    ...(rootfsPropagation && { rootfsPropagation }),
  };
}

const usualPeriod = 100_000;

/** Limits as the agent's contract carries them; 0 stands for what is not said. */
export function resourcesSpec(resources: Resources): MessageInitShape<typeof LinuxResourcesSchema> {
  const { memory, cpu, pids, hugepageLimits, devices } = resources;
  return {
    ...(memory && {
      Memory: {
        Limit: BigInt(memory.limit ?? 0),
        Reservation: BigInt(memory.reservation ?? 0),
        Swap: BigInt(memory.swap ?? 0),
      },
    }),
    ...(cpu && {
      CPU: {
        Shares: BigInt(cpu.shares ?? 0),
        Quota: BigInt(cpu.quota ?? 0),
        // crun takes a limit away only where it is told a period.
        Period: BigInt(cpu.period || (cpu.quota === -1 ? usualPeriod : 0)),
        Cpus: cpu.cpus ?? "",
        Mems: cpu.mems ?? "",
      },
    }),
    ...(pids && { Pids: { Limit: BigInt(pids.limit ?? 0) } }),
    ...(hugepageLimits && {
      HugepageLimits: hugepageLimits.map(({ pageSize, limit }) => ({
        Pagesize: pageSize,
        Limit: BigInt(limit),
      })),
    }),
    ...(devices && {
      Devices: devices.map((rule) => ({
        Allow: rule.allow,
        Type: rule.type ?? "a",
        Major: BigInt(rule.major ?? -1),
        Minor: BigInt(rule.minor ?? -1),
        Access: rule.access ?? "rwm",
      })),
    }),
  };
}
