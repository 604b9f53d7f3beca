import type * as v from "valibot";
import { KataAgentConfigSchema } from "../../config/agent.ts";
import { type HypervisorConfig, HypervisorConfigSchema } from "../../config/hypervisor.ts";
import { matchesName, matchesPath } from "../../config/patterns.ts";
import { type SandboxConfig, SandboxConfigSchema } from "../../config/sandbox.ts";
import { show, VirtError } from "../../errors.ts";
import { parse } from "../../validate.ts";
import { configPrefix, type Target, targets } from "./table.ts";

const schemas = {
  hypervisorConfig: HypervisorConfigSchema.entries,
  agentConfig: KataAgentConfigSchema.entries,
  sandbox: SandboxConfigSchema.entries,
} satisfies Record<Target["part"], Record<string, v.GenericSchema>>;

/**
 * The configuration with what annotations of the sandbox change in it. Only those that enableAnnotations
 * allows may; any other of them is refused by name: INVALID_ARGUMENT, or NOT_SUPPORTED if its field is.
 */
export function applyAnnotations(config: SandboxConfig): SandboxConfig {
  const own = Object.entries(config.annotations ?? {}).filter(([name]) => isConfiguration(name));
  if (own.length === 0) return config;
  const parts: Record<Target["part"], Record<string, unknown>> = {
    hypervisorConfig: { ...config.hypervisorConfig },
    agentConfig: { ...config.agentConfig },
    sandbox: {},
  };
  for (const [annotation, text] of own) {
    const target = allowedTarget(config.hypervisorConfig ?? {}, annotation, text);
    const { part, field } = target;
    const value = parse(schemaOf(target), target.read(text), annotation);
    const before = parts[part][field];
    const adds = target.adds && Array.isArray(before) && Array.isArray(value);
    parts[part][field] = adds ? [...before, ...value] : value;
  }
  const { sandbox, ...others } = parts;
  return parse(SandboxConfigSchema, { ...config, ...sandbox, ...others });
}

/** True for annotations by which a configuration is changed when a sandbox is created. */
export function isConfiguration(annotation: string): boolean {
  return annotation.startsWith(configPrefix);
}

function allowedTarget(config: HypervisorConfig, annotation: string, text: string): Target {
  const name = annotation.slice(configPrefix.length);
  const target = targets.get(name);
  if (target === undefined) {
    throw refusal(annotation, "is known to change nothing", "Look for a spelling mistake.");
  }
  // As with Kata, the name is that of the setting, whatever it is one of.
  const setting = name.slice(name.indexOf(".") + 1);
  if (!matchesName(config.enableAnnotations ?? [], setting)) {
    const hint = `Allow it with hypervisorConfig.enableAnnotations: [${show(setting)}], or leave it out.`;
    throw refusal(annotation, "is not enabled", hint);
  }
  if (target.part !== "hypervisorConfig" || target.within === undefined) return target;
  const allowed = config[target.within] ?? [];
  if (!matchesPath(allowed, text)) {
    const list = `hypervisorConfig.${target.within}`;
    const hint = `Allowed is what ${list} has: ${allowed.join(", ") || "nothing"}.`;
    throw refusal(annotation, `is ${show(text)}, which matches nothing in ${list}`, hint);
  }
  return target;
}

function schemaOf({ part, field }: Target): v.GenericSchema {
  const entries: Readonly<Record<string, v.GenericSchema>> = schemas[part];
  const schema = entries[field];
  if (schema === undefined) throw new Error(`there is no field ${field}`);
  return schema;
}

function refusal(annotation: string, what: string, hint: string): VirtError {
  const message = `the annotation ${annotation} ${what}`;
  return new VirtError("INVALID_ARGUMENT", message, { field: annotation, hint });
}
