import * as v from "valibot";
import type { Host, ProcessIdentity } from "../../host/host.ts";
import type { RecordKind } from "./kind.ts";

/** Found by its marker, a random argument, if its pid never reached the disk. */
const schema = v.strictObject({
  kind: v.literal("process"),
  name: v.string(),
  marker: v.pipe(v.string(), v.minLength(8)),
  pid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2))),
  startTime: v.optional(v.string()),
  /** It leads a process group, which ends with it. */
  group: v.optional(v.boolean()),
  /** Its marker is the value of this variable of its environment, since its arguments are not ours to add to. */
  variable: v.optional(v.string()),
});

type ProcessRecord = v.InferOutput<typeof schema>;

export const process: RecordKind<ProcessRecord> = {
  schema,
  life: "vm",
  name: ({ name }) => name,
  release: async (host, record) => {
    const found = await findMarked(host, record);
    const known = identityOf(record);
    if (known !== undefined) {
      if (record.group === true) await host.processes.killGroup(known);
      found.push(known);
    }
    await Promise.all(found.map((each) => killAndWait(host, each)));
  },
  runs: async (host, record) => {
    const known = identityOf(record);
    if (known !== undefined && (await host.processes.isAlive(known))) return true;
    return (await findMarked(host, record)).length > 0;
  },
};

function identityOf({ pid, startTime }: ProcessRecord): ProcessIdentity | undefined {
  return pid === undefined || startTime === undefined ? undefined : { pid, startTime };
}

/** What a process whose pid is known has given its environment to may go on when it has ended. */
async function findMarked(
  host: Host,
  { marker, variable, pid }: ProcessRecord,
): Promise<ProcessIdentity[]> {
  if (variable === undefined) return await host.processes.findByArgument(marker);
  return pid === undefined ? await host.processes.findByVariable(variable, marker) : [];
}

async function killAndWait(host: Host, process: ProcessIdentity): Promise<void> {
  if (!(await host.processes.signal(process, "SIGKILL"))) return;
  await host.processes.waitGone(process, AbortSignal.timeout(10_000));
}
