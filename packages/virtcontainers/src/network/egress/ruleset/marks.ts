import { splicedMark } from "../../../store/network/tables.ts";

/** Of a packet: what may pass the guard. */
export const pass = 0x1000_0000;
/** Of a packet: what is for the helper, whatever its address. */
export const spliced = splicedMark;

/** Of connections: what no rule of the policy allowed. */
export const connection = { default: 1, spliced: 2, inbound: 3 } as const;

/** Packets that the helper reads of, to write them down. */
export const logGroup = 5;
