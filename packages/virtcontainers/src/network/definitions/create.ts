import { randomBytes } from "node:crypto";
import type { NetworkOptions, Subnet } from "../../config/network/definition.ts";
import { NetworkOptionsSchema } from "../../config/network/definition.ts";
import { invalidArgument, VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { writeAtomic } from "../../store/files.ts";
import { lockedNetworks } from "../../store/network/places.ts";
import { parse } from "../../validate.ts";
import {
  addressIn,
  type Block,
  blockText,
  contains,
  isIn,
  overlap,
  parseBlock,
  sizeOf,
} from "../block.ts";
import { configFolders, findList } from "../cni/load.ts";
import { assertFits, assertParent } from "./driver.ts";
import { freeSubnet, routedBlocks, uniqueLocalSubnet } from "./free-subnet.ts";
import {
  bridgeOf,
  type Definition,
  definitionPath,
  digest,
  readDefinition,
  readDefinitions,
} from "./record.ts";

/** The network that is made when it is first used. */
export const defaultNetwork = "bridge";

/** Makes a network; nothing of it is on the host until a sandbox is attached. ALREADY_EXISTS, INVALID_ARGUMENT, BUSY. */
export async function createNetwork(
  host: Host,
  folder: string,
  options: NetworkOptions,
  signal: AbortSignal,
): Promise<Definition> {
  const given = parse(NetworkOptionsSchema, options, "options");
  const name = given.name ?? randomBytes(6).toString("hex");
  assertFits(given);
  for (const [index, subnet] of (given.subnets ?? []).entries())
    checkSubnet(subnet, `options.subnets.${index}`);
  if ((await findList(name, configFolders(process.env)).catch(() => undefined)) !== undefined)
    throw taken(name);
  await assertParent(host, given, signal);
  return await lockedNetworks(host, folder, signal, async () => {
    if ((await readDefinition(folder, name)) !== undefined) throw taken(name);
    return await make(host, folder, name, given, signal);
  });
}

/** The default network, which is made if it is not there. */
export async function obtainDefault(
  host: Host,
  folder: string,
  signal: AbortSignal,
): Promise<Definition> {
  const found = await readDefinition(folder, defaultNetwork);
  if (found !== undefined) return found;
  return await lockedNetworks(host, folder, signal, async () => {
    const meanwhile = await readDefinition(folder, defaultNetwork);
    return meanwhile ?? (await make(host, folder, defaultNetwork, { ipv6: true }, signal));
  });
}

async function make(
  host: Host,
  folder: string,
  name: string,
  given: NetworkOptions,
  signal: AbortSignal,
): Promise<Definition> {
  const { driver = "bridge", parent, mode } = given;
  // Who has a parent is in its network, to which there is a route.
  const routed = parent === undefined ? await routedBlocks(host, signal) : [];
  const others = (await readDefinitions(folder)).flatMap(({ subnets }) =>
    subnets.map(({ subnet }) => parseBlock(subnet)),
  );
  const subnets = chooseSubnets(folder, name, given, [...others, ...routed]);
  const definition: Definition = {
    version: 1,
    name,
    driver,
    ...(parent !== undefined && { parent }),
    ...(mode !== undefined && { mode }),
    subnets: subnets.map(withGateway),
    internal: given.internal ?? false,
    hostAccess: given.hostAccess ?? false,
    ...(given.mtu !== undefined && { mtu: given.mtu }),
    labels: { ...given.labels },
    createdAt: new Date().toISOString(),
  };
  host.failpoint("network.create.before");
  await writeAtomic(definitionPath(folder, name), JSON.stringify(definition));
  return definition;
}

function chooseSubnets(
  folder: string,
  name: string,
  given: NetworkOptions,
  used: readonly Block[],
): Subnet[] {
  const subnets = [...(given.subnets ?? [])];
  for (const [index, { subnet }] of subnets.entries()) {
    const block = parseBlock(subnet);
    const other = used.find((each) => overlap(each, block));
    if (other !== undefined) throw inUse(`options.subnets.${index}.subnet`, subnet, other);
  }
  const size = name === defaultNetwork ? 16 : 24;
  if (subnets.length === 0)
    subnets.push({ subnet: freeSubnet(used, size, digest(bridgeOf(folder, name))) });
  if (given.ipv6 && !subnets.some(({ subnet }) => subnet.includes(":")))
    subnets.push({ subnet: uniqueLocalSubnet() });
  return subnets;
}

function withGateway({ subnet, gateway, ipRange }: Subnet): Definition["subnets"][number] {
  const block = parseBlock(subnet);
  return {
    subnet: blockText(block),
    gateway: gateway ?? addressIn(block, 1),
    ...(ipRange !== undefined && { ipRange }),
  };
}

function checkSubnet({ subnet, gateway, ipRange }: Subnet, field: string): void {
  const block = parseBlock(subnet);
  if (sizeOf(block) < 4n)
    throw invalidArgument(`${field}.subnet`, subnet, "it must have room for four addresses");
  if (gateway !== undefined && !isIn([block], gateway))
    throw invalidArgument(`${field}.gateway`, gateway, `it must be an address of ${subnet}`);
  if (ipRange !== undefined && !contains(block, parseBlock(ipRange)))
    throw invalidArgument(`${field}.ipRange`, ipRange, `it must be a part of ${subnet}`);
}

function inUse(field: string, subnet: string, other: Block): VirtError {
  return new VirtError(
    "BUSY",
    `${field}: ${subnet} overlaps ${blockText(other)}, which is in use`,
    {
      field,
      hint: "Choose another one; `ip route` and `virtc network inspect` tell what is in use.",
    },
  );
}

function taken(name: string): VirtError {
  return new VirtError("ALREADY_EXISTS", `a network ${name} exists already`, {
    field: "options.name",
    hint: "Choose another name, or remove that network first.",
  });
}
