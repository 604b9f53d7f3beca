import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { RunResult } from "../host.ts";
import { filterPreference, rateHandle } from "./marks.ts";

type Run = (tool: string, args: readonly string[]) => Promise<RunResult>;

const Links = v.array(
  v.object({ ifindex: v.optional(v.number()), ifname: v.optional(v.string()) }),
);
const Qdiscs = v.array(
  v.object({
    kind: v.optional(v.string()),
    handle: v.optional(v.string()),
    dev: v.optional(v.string()),
  }),
);
const Filters = v.array(v.object({ pref: v.optional(v.number()) }));

/** Takes the filters and limits that we have put on a link off it, and leaves what is another's. */
export async function clearLink(run: Run, ifindex: number): Promise<void> {
  const links = read(Links, await output(run, "ip", ["-j", "link", "show"]));
  const link = links.find((each) => each.ifindex === ifindex)?.ifname;
  if (link === undefined) return;
  const all = read(Qdiscs, await output(run, "tc", ["-j", "qdisc", "show"]));
  const own = all.filter(({ dev }) => dev === link);
  if (own.some(({ handle }) => handle === `${rateHandle}:`))
    await remove(run, ["qdisc", "del", "dev", link, "root"]);
  if (!own.some(({ kind }) => kind === "ingress")) return;
  const listed = await output(run, "tc", ["-j", "filter", "show", "dev", link, "ingress"]);
  const foreign = read(Filters, listed).some(
    ({ pref }) => pref !== undefined && pref !== filterPreference,
  );
  const filter = ["filter", "del", "dev", link, "ingress", "pref", String(filterPreference)];
  await remove(run, foreign ? filter : ["qdisc", "del", "dev", link, "ingress"]);
}

/** What is gone meanwhile is no error. */
async function remove(run: Run, args: readonly string[]): Promise<void> {
  const { code, stderr } = await run("tc", args);
  if (code === 0 || /No such|Cannot find|Invalid handle|Invalid argument/i.test(stderr)) return;
  throw failure("tc", args, stderr);
}

async function output(run: Run, tool: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(tool, args);
  if (code === 0) return stdout;
  throw failure(tool, args, stderr);
}

function failure(tool: string, args: readonly string[], stderr: string): VirtError {
  return new VirtError("HOST_FAILED", `${tool} ${args.join(" ")} failed: ${stderr.trim()}`);
}

/** Nothing stands for an empty list. */
function read<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  try {
    return v.parse(schema, text.trim() === "" ? [] : JSON.parse(text));
  } catch (cause) {
    throw new VirtError("HOST_FAILED", "the answer of iproute2 is not of the known form", {
      cause,
      hint: "Install iproute2 5.13 or newer.",
    });
  }
}
