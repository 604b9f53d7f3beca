export const policyTable = "virtc_egress";

/** What has counted the packets of a rule, of `default`, or of `builtin`. */
export function counterName(id: number | string): string {
  return `c_${typeof id === "number" ? id.toString(16) : id}`;
}

/** What is done with packets that a rule speaks of. */
export function chainName(id: number): string {
  return `r_${id.toString(16)}`;
}

/** The set of addresses that a rule's name resolved to. */
export function nameSet(id: number, family: 4 | 6): string {
  return `n${family}_${id.toString(16)}`;
}
