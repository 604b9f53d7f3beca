import type { EgressPolicy } from "virtcontainers";
import { badValue } from "../../errors/usage.ts";

const option = "--egress";

/** The policy that rules with their verbs make; undefined if nothing was said. The library reads the rules. */
export function parseEgress(texts: readonly string[]): EgressPolicy | undefined {
  if (texts.length === 0) return undefined;
  const allow: string[] = [];
  const deny: string[] = [];
  let other: EgressPolicy["default"];
  for (const text of texts) {
    const [, verb, rest = ""] = /^(allow|deny|default):(.+)$/.exec(text) ?? [];
    if (verb === "allow") allow.push(rest);
    else if (verb === "deny") deny.push(rest);
    else if (verb === undefined) throw badValue(option, text, form);
    else if (rest !== "allow" && rest !== "deny")
      throw badValue(option, text, "it must be default:allow or default:deny");
    else if (other !== undefined && other !== rest)
      throw badValue(option, text, `the default is ${other} already`);
    else other = rest;
  }
  return {
    ...(other !== undefined && { default: other }),
    ...(allow.length > 0 && { allow }),
    ...(deny.length > 0 && { deny }),
  };
}

const form =
  "it must begin with allow:, deny: or default:, as allow:example.com:443, deny:10.0.0.0/8 or default:deny";
