import { lookup } from "node:dns";
import { BlockList, isIP, isIPv6, type LookupFunction } from "node:net";
import { errorCode } from "../failure.ts";

/**
 * From where an address can be reached: by everybody, in a private network, on this machine alone. A
 * registry may only send us to addresses that are at least as public as its own, or its answers could make
 * us ask, and tell it, what only we can reach.
 */
export type AddressScope = "public" | "private" | "local";

const order: readonly AddressScope[] = ["public", "private", "local"];

const networks: Readonly<Record<"private" | "local", readonly string[]>> = {
  private: ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "198.18.0.0/15"],
  local: ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"],
};
const networks6: typeof networks = {
  private: ["fc00::/7", "fec0::/10"],
  local: ["::/127", "fe80::/10", "ff00::/8"],
};

const blocks = { private: blockList("private"), local: blockList("local") };

/** An IPv4 network counts in the IPv6 forms too that lead to it: mapped, compatible, NAT64 and 6to4. */
function blockList(scope: "private" | "local"): BlockList {
  const list = new BlockList();
  for (const network of networks6[scope]) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), "ipv6");
  }
  for (const network of networks[scope]) {
    const [address = "", bits] = network.split("/");
    list.addSubnet(address, Number(bits), "ipv4");
    for (const prefix of ["::ffff:", "::", "64:ff9b::"]) {
      list.addSubnet(`${prefix}${address}`, 96 + Number(bits), "ipv6");
    }
    const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
    const hex = `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    list.addSubnet(`2002:${hex}::`, 16 + Number(bits), "ipv6");
  }
  return list;
}

/** The scope of an IP address; what is no address counts as local. */
export function scopeOf(address: string): AddressScope {
  const plain = address.replace(/^\[|\]$|%.*$/g, "");
  if (isIP(plain) === 0) return "local";
  const family = isIPv6(plain) ? "ipv6" : "ipv4";
  if (blocks.local.check(plain, family)) return "local";
  return blocks.private.check(plain, family) ? "private" : "public";
}

export function widestScope(a: AddressScope, b: AddressScope): AddressScope {
  return order[Math.min(order.indexOf(a), order.indexOf(b))] ?? "public";
}

export function isWithin(scope: AddressScope, most: AddressScope): boolean {
  return order.indexOf(scope) <= order.indexOf(most);
}

/** The code of the error with which a name ends that has no address within the scope. */
const outOfScope = "EOUTOFSCOPE";

export function isOutOfScope(error: unknown): boolean {
  return errorCode(error) === outOfScope;
}

export function outOfScopeError(hostname: string): Error {
  return Object.assign(new Error(`${hostname} is out of scope`), { code: outOfScope });
}

/** A look-up of names for `connect`, so that what was checked is what is connected to. */
export function lookupWithin(most: AddressScope): LookupFunction {
  return (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, "", 0);
      const allowed = addresses.filter(({ address }) => isWithin(scopeOf(address), most));
      const [first] = allowed;
      if (!first) return done(outOfScopeError(hostname), "", 0);
      if (options.all) return done(null, allowed);
      done(null, first.address, first.family);
    });
  };
}
