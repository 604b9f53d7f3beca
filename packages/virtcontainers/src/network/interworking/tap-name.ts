import type { StoredEndpoint } from "../../store/network/stored.ts";

/** What the tap of an endpoint is called in its namespace. */
export function tapName({ index }: Pick<StoredEndpoint, "index">): string {
  return `tap${index}_kata`;
}
