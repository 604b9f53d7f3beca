import * as v from "valibot";
import type { Host, ProcessMark } from "../../host/host.ts";
import type { ProcessIdentity } from "../../host/process-identity.ts";
import { isVmUid } from "../vm-uid.ts";
import type { RecordKind } from "./kind.ts";

/** Found by its marker, a random argument, if its pid never reached the disk. */
export interface ProcessRecord {
  kind: "process";
  name: string;
  marker: string;
  pid?: number | undefined;
  startTime?: string | undefined;
  /** It leads a process group, which ends with it. */
  group?: boolean | undefined;
  /** Its marker is the value of this variable of its environment, since its arguments are not ours to add to. */
  variable?: string | undefined;
}

const schema = v.strictObject({
  kind: v.literal("process"),
  name: v.string(),
  marker: v.pipe(v.string(), v.minLength(8)),
  pid: v.optional(v.pipe(v.number(), v.integer(), v.minValue(2))),
  startTime: v.optional(v.string()),
  group: v.optional(v.boolean()),
  variable: v.optional(v.string()),
});

export const process: RecordKind<ProcessRecord> = {
  schema,
  life: "vm",
  name: ({ name }) => name,
  release: async (host, record) => {
    const found = await findMarked(host, record);
    const known = identityOf(record);
    if (known !== undefined) {
      if (record.group === true) await host.processes.killGroup(known, markOf(record));
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

function markOf({ marker, variable }: ProcessRecord): ProcessMark | undefined {
  return variable === undefined ? undefined : { name: variable, value: marker };
}

/** Of a group whose leader's pid is known, whoever has left it may go on when the leader has ended. */
async function findMarked(host: Host, record: ProcessRecord): Promise<ProcessIdentity[]> {
  const mark = markOf(record);
  // What other users run is none of ours, and may have a command line that takes long to read.
  const isOurs = (uid: number): boolean => uid === host.uid || isVmUid(uid);
  if (mark === undefined) return await host.processes.findByArgument(record.marker, isOurs);
  if (record.group === true && record.pid !== undefined) return [];
  return await host.processes.findByVariable(mark, isOurs);
}

async function killAndWait(host: Host, process: ProcessIdentity): Promise<void> {
  if (!(await host.processes.signal(process, "SIGKILL"))) return;
  await host.processes.waitGone(process, AbortSignal.timeout(10_000));
}
