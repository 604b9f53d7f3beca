/**
 * The forwarder of the ports of an ordinary user's sandbox: its sockets are of the host, and what it connects to is where
 * the user's bridges are, since it was started there.
 */
import * as v from "valibot";
import { ForwardedSchema } from "../forwarded.ts";
import { forwardTcp } from "./tcp.ts";
import { forwardUdp } from "./udp.ts";

const forwarded = v.parse(v.pipe(v.string(), v.parseJson(), ForwardedSchema), process.argv[2]);

for (const each of forwarded) {
  if (each.protocol === "tcp") forwardTcp(each);
  else forwardUdp(each);
}
