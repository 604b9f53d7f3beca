import * as v from "valibot";
import { isVirtError, printable, VirtError } from "../../errors.ts";
import type { RunResult } from "../host.ts";

/** What a plugin writes when it fails. CNI specification, "Error". */
const PluginError = v.object({
  code: v.pipe(v.number(), v.integer()),
  msg: v.string(),
  details: v.optional(v.string()),
});

const hints: ReadonlyMap<number, string> = new Map([
  [1, "Give the configuration a cniVersion that this plugin speaks, or install a newer plugin."],
  [2, "Take the field out of the configuration, or install a plugin that knows it."],
  [4, "Look at what the plugin was given: its configuration, CNI_ARGS and the namespace."],
  [7, "Correct the plugin's configuration."],
  [11, "Try again: the plugin says that it will work later."],
  [50, "The plugin can't serve new sandboxes now; look at what it says."],
  [51, "The plugin can't serve new sandboxes now, and those it serves may be cut off."],
]);

/** What is called, for an error. */
export interface Called {
  command: string;
  type: string;
  network: string;
}

/** A plugin that ended with another exit code than 0, with all that it said. */
export function pluginFailure(called: Called, { code, stdout, stderr }: RunResult): VirtError {
  const found = v.safeParse(v.pipe(v.string(), v.parseJson(), PluginError), stdout);
  if (!found.success) {
    const said = `${stderr}\n${stdout}`.trim().slice(-500);
    const text = said ? `: ${said}` : "";
    return failed(called, `ended with exit code ${code} and no error of CNI${text}`);
  }
  const { code: reason, msg, details } = found.output;
  const more = details ? `; ${details}` : "";
  return failed(called, `failed (code ${reason}): ${msg}${more}`.slice(0, 4000), {
    hint: hintOf(reason, msg),
  });
}

/** A plugin that said nothing that CNI knows. */
export function pluginNonsense(called: Called, stdout: string, cause: unknown): VirtError {
  const said = stdout.trim().slice(0, 200);
  return failed(called, `answered what is no result of CNI: ${said || "nothing"}`, { cause });
}

/** What happened to a plugin that did not end by itself, or could not be started. */
export function pluginTrouble(called: Called, error: unknown): VirtError {
  const text = error instanceof Error ? error.message : String(error);
  if (isVirtError(error, "CANCELED")) return error;
  if (!isVirtError(error, "TIMEOUT")) return failed(called, text, { cause: error });
  return new VirtError("TIMEOUT", `${nameOf(called)} did not end in time, and was killed`, {
    cause: error,
    phase: `cni.${called.command}`,
    hint: `Run the plugin ${called.type} by hand, or look at what it waits for (a lock, DHCP, iptables).`,
  });
}

function failed(
  called: Called,
  what: string,
  { hint, cause }: { hint?: string | undefined; cause?: unknown } = {},
): VirtError {
  return new VirtError("NETWORK_FAILED", printable(`${nameOf(called)} ${what}`), {
    cause,
    phase: `cni.${called.command}`,
    hint: hint ?? "Look at the configuration of the network and at the plugin's own documentation.",
  });
}

function nameOf({ command, type, network }: Called): string {
  return `${command} of the CNI plugin ${type} for the network ${network}`;
}

function hintOf(code: number, msg: string): string | undefined {
  if (/no IP addresses available/.test(msg))
    return "All addresses of the network are taken: delete sandboxes that use it, or make a network with a larger subnet.";
  return hints.get(code);
}
