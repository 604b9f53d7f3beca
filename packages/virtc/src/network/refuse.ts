import type { NetworkChoice } from "../args/network/network.ts";
import { UsageError } from "../errors/usage.ts";
import type { NetworkOptions } from "./options.ts";

/** The options about a network, but for --network itself. */
const options: readonly (readonly [Exclude<keyof NetworkOptions, "network">, string])[] = [
  ["publish", "--publish"],
  ["publishAll", "--publish-all"],
  ["ip", "--ip"],
  ["ip6", "--ip6"],
  ["macAddress", "--mac-address"],
  ["networkAlias", "--network-alias"],
  ["dns", "--dns"],
  ["dnsSearch", "--dns-search"],
  ["dnsOption", "--dns-option"],
  ["addHost", "--add-host"],
  ["egress", "--egress"],
  ["rxRate", "--rx-rate"],
  ["txRate", "--tx-rate"],
];

/** What whoever made the namespace has decided. */
const ofNamespace: ReadonlySet<string> = new Set([
  "--publish",
  "--publish-all",
  "--ip",
  "--ip6",
  "--mac-address",
  "--network-alias",
]);

/** The options that were given, by their names. */
export function givenOptions(given: NetworkOptions): string[] {
  return options.flatMap(([name, option]) => {
    const value = given[name];
    return value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [option];
  });
}

/** Refuses what a network of this kind can't give. */
export function refuseForeign(choice: NetworkChoice, given: NetworkOptions): void {
  const asked = givenOptions(given);
  const [first] = asked;
  if (first === undefined) return;
  if (choice.kind === "none") {
    throw new UsageError(
      `${first} can't be used without a network`,
      "Leave out --network none, or choose one: --network bridge.",
    );
  }
  if (choice.kind === "container") {
    throw new UsageError(
      `${first} can't be used with --network container:${choice.id}`,
      `Containers of one VM have one network: say it where ${choice.id} is run.`,
    );
  }
  const foreign = asked.find((option) => ofNamespace.has(option));
  if (choice.kind === "namespace" && foreign !== undefined) {
    throw new UsageError(
      `${foreign} can't be used with --network ns:${choice.path}`,
      "Addresses and ports are with whoever fills that namespace.",
    );
  }
}
