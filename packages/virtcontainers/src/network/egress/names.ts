import type { CompiledPolicy, CompiledRule } from "./compile.ts";

/** Names of hosts, in small letters and without a last dot. */
export const hostNamePattern = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** True if a name, in small letters and without a last dot, is one that the rule speaks of. */
export function speaksOf({ domain }: Pick<CompiledRule, "domain">, name: string): boolean {
  if (domain === undefined) return false;
  return domain.startsWith("*.") ? name.endsWith(domain.slice(1)) : name === domain;
}

/** The rule by which a name may be asked for, or may not; undefined: the default holds. */
export function ruleOfName(
  { allow, deny }: CompiledPolicy,
  name: string,
): { allowed: boolean; rule: CompiledRule } | undefined {
  const refused = deny.find((rule) => speaksOf(rule, name));
  if (refused !== undefined) return { allowed: false, rule: refused };
  const rule = allow.find((each) => speaksOf(each, name));
  return rule === undefined ? undefined : { allowed: true, rule };
}
