import { filesFeature } from "../../agent/features.ts";
import type { Operation } from "../../operation/run-verb.ts";
import { sandboxFiles } from "../files.ts";
import { neighborsOf, routesOf } from "../tell.ts";
import { networkView } from "../view.ts";

/** Tells a running guest the routes, neighbours, names and name servers that its networks give it now. */
export async function tellNetworks({ sandbox, agent, signal }: Operation): Promise<void> {
  const { network, agentFeatures } = sandbox;
  if (network === undefined) return;
  const settled = { ...network, endpoints: network.endpoints.filter(({ loose }) => !loose) };
  const neighbors = settled.endpoints.flatMap(neighborsOf);
  const guest = await agent();
  await guest.updateRoutes(routesOf(settled), signal);
  if (neighbors.length > 0) await guest.addARPNeighbors(neighbors, signal);
  if (!agentFeatures.includes(filesFeature)) return;
  const view = await networkView({ ...sandbox, network: settled });
  for (const file of sandboxFiles(sandbox, view)) await guest.putSandboxFile(file, signal);
}
