import type { OciProcess } from "../../config/oci/process.ts";
import type { OciSpec } from "../../config/oci/schema.ts";
import { VirtError } from "../../errors.ts";
import type { StoredSandbox } from "../../store/schema.ts";
import type { userSpec } from "./process-spec.ts";

type User = ReturnType<typeof userSpec>;
type Numbers = NonNullable<OciProcess["user"]>;

/** The largest number of a user or group; the next means none. */
const maxId = 0xffff_fffe;

/** A specification for an agent that adds a pid namespace of its own and knows users by their numbers alone. NOT_SUPPORTED. */
export function foreignSpec(
  spec: OciSpec,
  user: User,
  sandbox: Pick<StoredSandbox, "id">,
): OciSpec {
  const namespaces = spec.linux?.namespaces?.filter(({ type }) => type !== "pid");
  return {
    ...spec,
    ...(spec.process && { process: withNumbers(spec.process, user, sandbox) }),
    ...(spec.linux && { linux: { ...spec.linux, ...(namespaces && { namespaces }) } }),
  };
}

/** The process with its user in numbers. NOT_SUPPORTED for a name: only the container's own files would tell whose it is. */
export function withNumbers(
  process: OciProcess,
  { uid = "", gid = "", additionalGids = [] }: User,
  { id: sandboxId }: Pick<StoredSandbox, "id">,
): OciProcess {
  const number = (text: string, what: string): number => numberOf(text, what, sandboxId);
  const own: Numbers = process.user ?? { uid: 0, gid: 0 };
  const [user = "", group = ""] = uid.split(":", 2);
  const primary = gid || group;
  return {
    ...process,
    user: {
      ...own,
      ...(user !== "" && { uid: number(user, "user"), gid: 0, additionalGids: [] }),
      ...(primary !== "" && { gid: number(primary, "group") }),
      ...(additionalGids.length > 0 && {
        additionalGids: additionalGids.map((each) => number(each, "group")),
      }),
    },
  };
}

function numberOf(text: string, what: string, sandboxId: string): number {
  // The one name that has the same number everywhere.
  if (text === "root") return 0;
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number <= maxId) return number;
  throw new VirtError(
    "NOT_SUPPORTED",
    `the agent of this guest looks up no names, and the ${what} is ${JSON.stringify(text)}`,
    {
      sandboxId,
      field: what === "user" ? "cmd.user" : "cmd.primaryGroup",
      hint: `Give the number of the ${what}, as in 1000 or 1000:1000.`,
    },
  );
}
