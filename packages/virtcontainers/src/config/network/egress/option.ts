import type { EgressPolicy } from "./policy.ts";
import type { EgressRule } from "./rule.ts";
import { parseEgressRule } from "./text.ts";

/** Reads what `--egress` is given, one after the other; a text that comes back says what is wrong. */
export function parseEgressTexts(texts: readonly string[]): EgressPolicy | string {
  const policy: EgressPolicy & Record<"allow" | "deny", (EgressRule | string)[]> = {
    allow: [],
    deny: [],
  };
  for (const text of texts) {
    const [, verb, rest = ""] = /^(allow|deny|default):(.*)$/.exec(text) ?? [];
    if (verb === undefined)
      return `${text}: it must begin with allow:, deny: or default:, as allow:example.com:443`;
    if (verb === "default") {
      if (rest !== "allow" && rest !== "deny")
        return `${text}: it must be default:allow or default:deny`;
      if (policy.default !== undefined && policy.default !== rest)
        return `${text}: the default is ${policy.default} already`;
      policy.default = rest;
      continue;
    }
    const rule = parseEgressRule(rest);
    if (typeof rule === "string") return `${text}: ${rule}`;
    policy[verb === "allow" ? "allow" : "deny"].push(rule);
  }
  return policy;
}
