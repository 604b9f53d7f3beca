/** Tables of nftables in a namespace that routes for its guest: they are there as long as the VM. */
export const guardTable = "virtc_guard";
export const routerTable = "virtc_router";

/** Of packets that are for the router's own processes, whatever their address; and where these are routed to. */
export const splicedMark = 0x2000_0000;
export const localTable = 100;
