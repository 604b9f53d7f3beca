import type { ApiCall } from "./call.ts";

/** One guest a process, so each can have the same address. */
const guestCid = 3;

/** Sockets between host and guest behind a unix socket, which must not be there yet. */
export function vsockCall(socketPath: string): ApiCall {
  return { method: "PUT", path: "/vsock", body: { guest_cid: guestCid, uds_path: socketPath } };
}

/** A source of random numbers for the guest, from the host's. */
export const entropyCall: ApiCall = { method: "PUT", path: "/entropy", body: {} };

/** An empty balloon; it lets go when the guest is short of memory. */
export const balloonCall: ApiCall = {
  method: "PUT",
  path: "/balloon",
  body: { amount_mib: 0, deflate_on_oom: true },
};

/** Takes so much memory from a guest that runs. */
export function inflateBalloonCall(amountMiB: number): ApiCall {
  return { method: "PATCH", path: "/balloon", body: { amount_mib: amountMiB } };
}
