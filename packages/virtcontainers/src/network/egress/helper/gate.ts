import type { RecordType } from "dns-packet";
import type { Nftables } from "../../../host/packets/nftables.ts";
import { isIn, parseBlock } from "../../block.ts";
import { privateBlocks } from "../blocks.ts";
import { type CompiledPolicy, type CompiledRule, compilePolicy } from "../compile.ts";
import { dnsPort, type HelperConfig, splicePort } from "../helper-config.ts";
import { hostNamePattern, ruleOfName, speaksOf } from "../names.ts";
import { hasPort } from "../port-ranges.ts";
import { closedBlocks, isNarrow } from "../ruleset/closed.ts";
import { nameSet, policyTable } from "../ruleset/names.ts";
import { policyRuleset } from "../ruleset/policy.ts";
import type { AuditLog } from "./audit-log.ts";
import { addressesOf, type NameAnswer } from "./dns/answer.ts";
import { Resolver } from "./dns/resolver.ts";

/** An address is open at least so long, since who has asked for it needs time to connect. */
const leastSeconds = 10;
const graceSeconds = 5;

/** What a connection that asks for a name is led to. */
export type Passage =
  | { allowed: true; rule: string; addresses: "original" | string[] }
  | { allowed: false; rule: string; reason?: string };

/** Decides by the policy, and opens in the rules of the kernel what it has allowed. */
export class Gate {
  readonly #nft: Nftables;
  readonly #audit: AuditLog;
  readonly #resolver = new Resolver(() => this.#config.network.servers);
  #config: HelperConfig;
  #policy: CompiledPolicy;

  /** Loads the rules. */
  constructor(nft: Nftables, audit: AuditLog, config: HelperConfig) {
    this.#nft = nft;
    this.#audit = audit;
    this.#config = config;
    this.#policy = compilePolicy(config.policy);
    this.#load();
  }

  get policy(): CompiledPolicy {
    return this.#policy;
  }

  /** Puts another policy in force; if its rules can't be loaded, the one before stays. */
  change(config: HelperConfig): void {
    const { network, policy } = {
      network: this.#config.network,
      policy: compilePolicy(config.policy),
    };
    this.#load(policy, this.#policy);
    this.#policy = policy;
    this.#config = { network, policy: config.policy };
  }

  /** True if the guest may know of a name; the decision is written down. */
  mayResolve(name: string, type: string): boolean {
    const decided = this.#decide(name);
    const allowed = hostNamePattern.test(name) && decided.allowed;
    this.#audit.write({
      verdict: allowed ? "allow" : "deny",
      kind: "dns",
      rule: decided.rule,
      name: name.slice(0, 253),
      type,
    });
    return allowed;
  }

  /** What a name resolves to, less what it must not; its addresses are open before this is told. */
  async resolve(name: string, type: RecordType): Promise<NameAnswer> {
    const answer = await this.#look(name, type);
    try {
      this.#open(
        name,
        addressesOf(answer),
        Math.max(leastSeconds, answer.ttlSeconds) + graceSeconds,
      );
      return answer;
    } catch {
      return { code: "SERVFAIL", records: [], ttlSeconds: 0 };
    }
  }

  async #look(name: string, type: RecordType): Promise<NameAnswer> {
    const answer = await this.#resolver.resolve(name, type);
    // What the policy says may have changed meanwhile.
    if (!this.#decide(name).allowed) return { ...answer, code: "NXDOMAIN", records: [] };
    if (type !== "A" && type !== "AAAA") return answer;
    const addresses = addressesOf(answer).filter((address) => this.#mayBe(name, address));
    const records = answer.records.filter(({ data }) => addresses.some((each) => each === data));
    return { ...answer, records };
  }

  /** Where a connection is led that asks for a name on a port. */
  async passage(kind: "tls" | "http", port: number, name: string): Promise<Passage> {
    const mark = this.passageRule(kind, port, name);
    if (!mark.allowed || mark.original)
      return mark.allowed ? { ...mark, addresses: "original" } : mark;
    const answers = await Promise.all([this.#look(name, "A"), this.#look(name, "AAAA")]);
    const addresses = answers.flatMap(addressesOf);
    if (addresses.length > 0) return { allowed: true, rule: mark.rule, addresses };
    return { allowed: false, rule: mark.rule, reason: "the name has no address" };
  }

  /** What the policy says now of a connection that asks for a name on a port. */
  passageRule(
    kind: "tls" | "http",
    port: number,
    name: string,
  ): { allowed: true; rule: string; original: boolean } | { allowed: false; rule: string } {
    const { allow, deny, default: other } = this.#policy;
    const refused = deny.find((rule) => speaksOf(rule, name));
    if (refused !== undefined) return { allowed: false, rule: refused.text };
    const rule = allow.find((each) => speaksOf(each, name) && hasPort(each[kind], port));
    if (rule !== undefined) return { allowed: true, rule: rule.text, original: false };
    return { allowed: other === "allow", rule: "default", original: true };
  }

  #decide(name: string): { allowed: boolean; rule: string } {
    const found = ruleOfName(this.#policy, name);
    if (found === undefined) return { allowed: this.#policy.default === "allow", rule: "default" };
    return { allowed: found.allowed, rule: found.rule.text };
  }

  /** False for an address that a name must not stand for, unless a rule opens that very address. */
  #mayBe(name: string, address: string): boolean {
    const block = parseBlock(address);
    const closed = closedBlocks(this.#config.network);
    const named = this.#policy.allow
      .flatMap((rule) => rule.block ?? [])
      .filter(({ prefix }) => prefix > 0);
    const opening = isNarrow(closed, block)
      ? named.filter((each) => isNarrow(closed, each))
      : named;
    if (!isIn([...closed, ...privateBlocks], address) || isIn(opening, address)) return true;
    this.#audit.write({
      verdict: "deny",
      kind: "dns",
      rule: "builtin",
      name,
      address,
      reason: "a name that stands for a private address",
    });
    return false;
  }

  #open(name: string, addresses: readonly string[], seconds: number): void {
    const rules = this.#policy.allow.filter(
      (rule): rule is CompiledRule => speaksOf(rule, name) && rule.direct.length > 0,
    );
    const commands = rules.flatMap(({ id }) =>
      addresses.flatMap((address) => {
        const element = (verb: string, rest: string): string =>
          `${verb} element inet ${policyTable} ${nameSet(id, parseBlock(address).family)} { ${address}${rest} }`;
        const timeout = ` timeout ${seconds}s`;
        // One that is there keeps its time, so it is taken out first; both are one transaction.
        return [element("add", timeout), element("delete", ""), element("add", timeout)];
      }),
    );
    if (commands.length > 0) this.#nft.run(`${commands.join("\n")}\n`);
  }

  #load(policy = this.#policy, before?: CompiledPolicy): void {
    const place = { uid: process.getuid?.() ?? 0, dnsPort, splicePort };
    this.#nft.run(policyRuleset(policy, this.#config.network, place, before));
  }
}
