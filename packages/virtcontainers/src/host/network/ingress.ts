import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { RunResult } from "../host.ts";
import { parseOutput } from "./output.ts";

/** The preference of our filters, by which they are told from those of others. */
export const ingressPreference = 49_001;

type Run = (tool: string, args: readonly string[]) => Promise<RunResult>;

const Links = v.array(v.object({ ifindex: v.optional(v.number()), ifname: v.optional(v.string()) }));
const Filters = v.array(v.object({ pref: v.optional(v.number()) }));

/** Takes what we have put on a link's way in off it, and leaves what is another's. */
export async function clearIngress(run: Run, ifindex: number): Promise<void> {
  const links = parseOutput(Links, await checked(run, "ip", ["-j", "link", "show"]));
  const link = links.find((each) => each.ifindex === ifindex)?.ifname;
  if (link === undefined) return;
  const listed = await run("tc", ["-j", "filter", "show", "dev", link, "ingress"]);
  // There is nothing to list where there is no qdisc.
  if (listed.code !== 0) return;
  const filters = parseOutput(Filters, listed.stdout);
  const foreign = filters.some(({ pref }) => pref !== undefined && pref !== ingressPreference);
  const pref = String(ingressPreference);
  const args = foreign
    ? ["filter", "del", "dev", link, "ingress", "pref", pref]
    : ["qdisc", "del", "dev", link, "ingress"];
  const { code, stderr } = await run("tc", args);
  // Gone meanwhile, or never there.
  if (code === 0 || /No such file|Cannot find|Invalid handle|Invalid argument/.test(stderr)) return;
  throw new VirtError("HOST_FAILED", `tc can't clear the ingress of ${link}: ${stderr.trim()}`);
}

async function checked(run: Run, tool: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(tool, args);
  if (code === 0) return stdout;
  throw new VirtError("HOST_FAILED", `${tool} ${args.join(" ")} failed: ${stderr.trim()}`);
}
