import type { StoredEndpoint } from "../../store/network/stored.ts";

/** What is made for an endpoint in its namespace. */
export const tapName = ({ index }: Pick<StoredEndpoint, "index">): string => `tap${index}_kata`;
