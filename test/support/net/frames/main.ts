/**
 * Carries frames between a link that it makes in its namespace, a tap, and what a guest is to have:
 *
 *     main.ts tap FAR NEAR          NEAR is a tap too
 *     main.ts vhost-user FAR PATH   a device behind the socket PATH, for one VMM after the other
 *
 * FAR and NEAR are names of links. It says "ready" once they are there.
 */
import { accept, listen, openTap, readFrom, whenReadable } from "./libc.ts";
import { carry, Device } from "./vhost-user.ts";

const [kind, far = "", near = ""] = process.argv.slice(2);
const link = openTap(far);
if (kind === "tap") {
  const other = openTap(near);
  whenReadable(link, () => carryAll(link, (frame) => carry(other, frame)));
  whenReadable(other, () => carryAll(other, (frame) => carry(link, frame)));
} else {
  let device: Device | undefined;
  const listener = listen(near);
  whenReadable(listener, () => {
    device = new Device(accept(listener), link);
  });
  whenReadable(link, () => carryAll(link, (frame) => device?.deliver(frame)));
}
console.log("ready");

function carryAll(from: number, give: (frame: Buffer) => void): void {
  const frame = readFrom(from);
  if (frame !== undefined) give(frame);
}
