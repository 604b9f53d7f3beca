import type { Context } from "../operation/context.ts";
import type { StoredNetwork } from "../store/network/stored.ts";
import type { StoredSandbox } from "../store/schema.ts";
import { unmadeDefault } from "./attachable.ts";
import { planNetworks } from "./choose.ts";
import { assertForeseen, type ForeseenLink } from "./cni/foreseen.ts";
import { makeEndpoint } from "./connect.ts";
import { modelFor, stepsOf } from "./interworking/models.ts";
import type { TwoSteps } from "./interworking/two-steps.ts";
import type { FoundLink } from "./scan/scan.ts";
import { wantsNamedNetworks } from "./wanted.ts";
import type { NetworkWork, Socket } from "./work.ts";

/** A link that is not there yet, and the interface of the VM that it is going to be joined with. */
export interface Foreseen {
  network: string;
  name: string;
  link: ForeseenLink;
  socket: Socket;
  steps: TwoSteps;
}

/** The links that the networks of a sandbox are going to make; undefined unless all of them are known. */
export async function foresee(
  context: Context,
  sandbox: StoredSandbox,
  { netns }: StoredNetwork,
): Promise<Foreseen[] | undefined> {
  const { config } = sandbox;
  const model = modelFor(
    "virtual",
    config.networkConfig?.interworkingModel,
    config.network?.egress,
  );
  const steps = stepsOf(model);
  if (steps === undefined || !wantsNamedNetworks(config)) return undefined;
  const plans = await planNetworks(context, sandbox, netns.path, unmadeDefault);
  const foreseen = plans.flatMap(({ name: network, use, link }, index) =>
    link === undefined
      ? []
      : [
          {
            network,
            name: use.target.ifName,
            link,
            socket: { id: `net${index}`, index, guest: link },
            steps,
          },
        ],
  );
  return foreseen.length === plans.length ? foreseen : undefined;
}

/** Joins the links that are there by now with the interfaces of the VM, and writes down that they are. */
export async function joinForeseen(
  work: NetworkWork,
  network: StoredNetwork,
  sandbox: StoredSandbox,
  foreseen: readonly Foreseen[],
  links: readonly FoundLink[],
): Promise<void> {
  for (const { network: from, name, link, socket, steps } of foreseen) {
    const found = links.find((each) => each.name === name);
    assertForeseen(from, link, found);
    const made = makeEndpoint(network, sandbox, found);
    // More than its device was made for, the guest can't have.
    const guest = { ...made.guest, mtu: Math.min(made.guest.mtu, link.mtu) };
    const endpoint = { ...made, id: socket.id, index: socket.index, guest };
    work.host.failpoint("network.attach.before");
    await steps.join(work, endpoint);
    work.host.failpoint("network.attach.after");
    network.endpoints.push(endpoint);
  }
}
