import type { SandboxConfig } from "../config/sandbox.ts";
import { type SandboxOptions, SandboxOptionsSchema } from "../config/sandbox-options.ts";
import { invalidArgument } from "../errors.ts";
import { noNetwork } from "../network/default.ts";
import { defaultNetwork } from "../network/definitions/create.ts";
import { parse } from "../validate.ts";

/** The configuration that the short form stands for; `byDefault` is the network of who names none. INVALID_ARGUMENT. */
export function configFromOptions(options: SandboxOptions, byDefault: string): SandboxConfig {
  const o = parse(SandboxOptionsSchema, options, "options");
  if (o.image !== undefined && o.rootfs !== undefined) {
    throw invalidArgument("options.rootfs", o.rootfs, "it can't be used with image: leave out one");
  }
  return {
    ...(o.id !== undefined && { id: o.id }),
    hypervisorConfig: {
      ...(o.cpus !== undefined && { numVCPUs: o.cpus }),
      ...(o.memoryMiB !== undefined && { memoryMiB: o.memoryMiB }),
    },
    ...networkOf(o, byDefault),
    ...(o.annotations !== undefined && { annotations: o.annotations }),
    containers: [
      {
        id: "main",
        ...(o.rootfs === undefined
          ? { image: o.image ?? "busybox" }
          : { rootFs: { target: o.rootfs, mounted: true } }),
        ...(o.scratchMiB !== undefined && { scratchMiB: o.scratchMiB }),
        waits: true,
        cmd: {
          args: [],
          envs: Object.entries(o.env ?? {}).map(([name, value]) => ({ var: name, value })),
          ...(o.workDir !== undefined && { workDir: o.workDir }),
          ...(o.user !== undefined && { user: o.user }),
        },
      },
    ],
  };
}

/** Who asks for a port asks for a network. */
function networkOf(
  { network, ports }: SandboxOptions,
  byDefault: string,
): Pick<SandboxConfig, "network" | "ports"> {
  const chosen =
    network ?? (ports !== undefined && byDefault === noNetwork ? defaultNetwork : byDefault);
  if (chosen === noNetwork) {
    if (ports === undefined || ports.length === 0) return {};
    throw invalidArgument("options.ports", ports, "there is no network: leave out network: none");
  }
  return {
    network: typeof chosen === "string" ? { networks: [{ name: chosen }] } : chosen,
    ...(ports !== undefined && { ports }),
  };
}
