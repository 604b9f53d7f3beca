import type { Library } from "../library.ts";
import type { NetworkRequest } from "./request.ts";

/** The request with the network that this user's sandboxes have where nothing is said; none where they have none. */
export async function orDefault(
  request: NetworkRequest,
  { networks }: Pick<Library, "networks">,
  signal: AbortSignal,
): Promise<NetworkRequest> {
  if (request.choice?.kind !== "default") return request;
  const name = await networks.default({ signal });
  if (name === "none") return { ...request, choice: undefined };
  return { ...request, choice: { kind: "networks", networks: [{ name }] } };
}
