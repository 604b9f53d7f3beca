import * as v from "valibot";
import { text } from "../../../validate.ts";
import { type EgressRule, EgressRuleSchema } from "./rule.ts";
import { parseEgressRule } from "./text.ts";

/** Where a sandbox may connect to. A rule is an `EgressRule` or its text, such as `example.com:443`. */
export interface EgressPolicy {
  /** What holds for what no rule speaks of. Default `deny`. */
  default?: "allow" | "deny" | undefined;
  /** At most 256. */
  allow?: (EgressRule | string)[] | undefined;
  /** At most 256. They win over `allow`. */
  deny?: (EgressRule | string)[] | undefined;
}

const ruleText = v.pipe(
  text(512),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const parsed = parseEgressRule(dataset.value);
    if (typeof parsed === "string") return addIssue({ message: parsed });
    const checked = v.safeParse(EgressRuleSchema, parsed, { abortEarly: true });
    if (!checked.success) addIssue({ message: checked.issues[0].message });
  }),
);

const rules = v.optional(
  v.pipe(
    v.array(
      v.lazy((input) =>
        typeof input === "string" ? ruleText : EgressRuleSchema,
      ) as v.GenericSchema<EgressRule | string>,
    ),
    v.maxLength(256, "there can be at most 256 rules"),
  ),
);

export const EgressPolicySchema = v.strictObject({
  default: v.optional(v.picklist(["allow", "deny"], "it must be allow or deny")),
  allow: rules,
  deny: rules,
});
