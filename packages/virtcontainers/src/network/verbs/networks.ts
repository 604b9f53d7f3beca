import type { NetworkAttachment } from "../../config/network/network.ts";
import { SandboxNetworkSchema } from "../../config/network/network.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import { assertUp, type Operation } from "../../operation/run-verb.ts";
import type { StoredNetwork } from "../../store/network/stored.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import { parse } from "../../validate.ts";
import { networksOf } from "../choose.ts";

type Config = StoredSandbox["config"];

/** The network of a sandbox that is up. INVALID_STATE, NOT_SUPPORTED without a namespace. */
export function networkOf(operation: Operation, doing: string): StoredNetwork {
  assertUp(operation, doing);
  const { id, network } = operation.sandbox;
  if (network !== undefined) return network;
  throw new VirtError(
    "NOT_SUPPORTED",
    `can't ${doing} sandbox ${id}: it has no network namespace`,
    {
      sandboxId: id,
      hint: "Create it with networkConfig or network.",
    },
  );
}

/** NOT_SUPPORTED for a sandbox whose namespace somebody else fills, or that is to have none. */
export function assertOwnNamespace({ id, config }: StoredSandbox, doing: string): void {
  const { netNSPath, disableNewNetNs } = config.networkConfig ?? {};
  if (netNSPath === undefined && !disableNewNetNs) return;
  const why = disableNewNetNs ? "it is to have no namespace" : `${netNSPath} is not filled here`;
  throw new VirtError("NOT_SUPPORTED", `can't ${doing}: ${why}`, {
    sandboxId: id,
    field: disableNewNetNs ? "networkConfig.disableNewNetNs" : "networkConfig.netNSPath",
    hint: disableNewNetNs
      ? "Make the sandbox anew without it."
      : "Put a link into that namespace, and give it to the guest: addInterface.",
  });
}

/** The configuration with one more network. ALREADY_EXISTS, INVALID_ARGUMENT. */
export function withNetwork({ id, config }: StoredSandbox, wanted: NetworkAttachment): Config {
  const networks = networksOf(config.network);
  const { name, interfaceName, macAddress } = wanted;
  if (networks.some((each) => each.name === name))
    throw new VirtError("ALREADY_EXISTS", `sandbox ${id} is in the network ${name} already`, {
      sandboxId: id,
      field: "network.name",
      hint: "Disconnect it first, to connect it in another way.",
    });
  for (const each of networks) {
    if (interfaceName !== undefined && each.interfaceName === interfaceName)
      throw invalidArgument("network.interfaceName", interfaceName, `${each.name} has it`);
    if (macAddress !== undefined && each.macAddress === macAddress)
      throw invalidArgument("network.macAddress", macAddress, `${each.name} has it`);
  }
  const network = { ...config.network, networks: [...networks, wanted] };
  return { ...config, network: parse(SandboxNetworkSchema, network, "network") };
}

/** The configuration without a network. NETWORK_NOT_FOUND. */
export function withoutNetwork({ id, config }: StoredSandbox, name: string): Config {
  const networks = networksOf(config.network);
  const others = networks.filter((each) => each.name !== name);
  if (others.length < networks.length)
    return { ...config, network: { ...config.network, networks: others } };
  const all = networks.map((each) => each.name).join(", ") || "none";
  throw new VirtError("NETWORK_NOT_FOUND", `sandbox ${id} is not in the network ${name}`, {
    sandboxId: id,
    field: "network",
    hint: `It is in: ${all}.`,
  });
}
