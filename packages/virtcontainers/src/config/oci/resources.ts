import * as v from "valibot";
import { honoured, later } from "../../validate.ts";

const number = v.pipe(v.number("it must be a number"), v.integer("it must be a whole number"));
const onV1 = "which cgroup v2 does not know";
const off = v.optional(
  v.pipe(
    v.boolean("it must be true or false"),
    honoured((on) => !on, `switching the OOM killer off, ${onV1}`),
  ),
);
const empty = (what: string) =>
  v.optional(
    v.pipe(
      v.record(v.string(), v.unknown()),
      honoured((value) => Object.values(value).every(isNothing), what),
    ),
  );

/** Tools write out what they don't ask for, too. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === 0 || (Array.isArray(value) && value.length === 0);
}

export const DeviceRule = v.object({
  allow: v.boolean("it must be true or false"),
  /** a (all, default), c (character) or b (block). */
  type: v.optional(v.picklist(["a", "c", "b"], "it must be a, c or b")),
  /** -1 or nothing: any. */
  major: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1))),
  minor: v.optional(v.pipe(v.number(), v.integer(), v.minValue(-1))),
  /** Some of r, w and m (mknod). */
  access: v.optional(v.pipe(v.string(), v.regex(/^[rwm]*$/, "it must be some of r, w and m"))),
});

export const HugepageLimit = v.object({
  pageSize: v.pipe(v.string(), v.regex(/^\d+(KB|MB|GB)$/, "it must be a size such as 2MB")),
  /** Bytes. */
  limit: v.pipe(v.number(), v.integer(), v.minValue(0, "it must not be negative")),
});

/** `linux.resources` of the OCI runtime specification; values are checked when they become the container's limits. */
export const Resources = v.object({
  devices: v.optional(v.array(DeviceRule)),
  memory: v.optional(
    v.object({
      limit: v.optional(number),
      reservation: v.optional(number),
      swap: v.optional(number),
      kernel: later(`kernel memory limits, ${onV1}`),
      kernelTCP: later(`kernel TCP limits, ${onV1}`),
      swappiness: later(`swappiness, ${onV1}`),
      disableOOMKiller: off,
      useHierarchy: v.optional(v.boolean()),
      checkBeforeUpdate: v.optional(v.boolean()),
    }),
  ),
  cpu: v.optional(
    v.object({
      shares: v.optional(number),
      quota: v.optional(number),
      period: v.optional(number),
      cpus: v.optional(v.string("it must be a text")),
      mems: v.optional(v.string("it must be a text")),
      burst: later("bursts of CPU time"),
      idle: later("idle scheduling of cgroups"),
      realtimeRuntime: later("realtime scheduling"),
      realtimePeriod: later("realtime scheduling"),
    }),
  ),
  pids: v.optional(v.object({ limit: v.optional(number) })),
  hugepageLimits: v.optional(v.array(HugepageLimit)),
  blockIO: empty("limits of block devices, whose numbers are the host's"),
  network: empty(`network classes, ${onV1}`),
  rdma: empty("limits of RDMA devices"),
  unified: empty("cgroup files by name"),
});
export type Resources = v.InferInput<typeof Resources>;
