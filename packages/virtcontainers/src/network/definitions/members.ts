import { join } from "node:path";
import type { Host } from "../../host/host.ts";
import { readUse } from "../../store/network/cni-use.ts";
import { allUses, namesIn } from "../../store/network/places.ts";
import { isUserThere } from "../../store/user.ts";
import type { NetworkMember } from "../networks.ts";

/** How the sandboxes that are still there are in a network, by id and link. STATE_INVALID. */
export async function membersOf(
  host: Host,
  folder: string,
  cniName: string,
): Promise<NetworkMember[]> {
  const uses = join(allUses(folder), cniName);
  const members: NetworkMember[] = [];
  for (const name of await namesIn(uses)) {
    const use = name.endsWith(".json") ? await readUse(join(uses, name)) : undefined;
    if (use === undefined || !(await isUserThere(host, use))) continue;
    const { sandboxId, target, attachment } = use;
    members.push({
      sandboxId,
      interfaceName: target.ifName,
      ...(attachment?.mac !== undefined && { macAddress: attachment.mac }),
      ipAddresses: attachment?.addresses ?? [],
    });
  }
  const place = ({ sandboxId, interfaceName }: NetworkMember) => `${sandboxId} ${interfaceName}`;
  return members.sort((a, b) => (place(a) < place(b) ? -1 : 1));
}
