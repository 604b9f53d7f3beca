import { parseBlock } from "../block.ts";

/**
 * Where nobody's services are but the cloud's, the host's own and its neighbours': what a rule opens only if it is no
 * wider than the block. IPv6 addresses that stand for IPv4 ones would be a way around.
 */
export const alwaysDenied = [
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "100.100.100.200",
  "192.0.0.192",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/96",
  "::ffff:0:0/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "2001::/32",
  "2002::/16",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
  "fd00:ec2::254",
  "fd20:ce::254",
].map(parseBlock);

/** What a public name must not resolve to, unless a rule opens the address. */
export const privateBlocks = [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "fc00::/7",
].map(parseBlock);
