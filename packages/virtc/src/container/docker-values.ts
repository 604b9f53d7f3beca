import { parseMiB } from "../args/size.ts";
import { badValue, UsageError } from "../errors/usage.ts";
import type { DockerOptions } from "./docker-options.ts";

/** What an option may say, since it is so anyway; and why all else is refused, with what to use. */
interface Accepted {
  option: string;
  of(options: DockerOptions): string | undefined;
  values: readonly string[];
  why: string;
}

const shares = "a VM shares nothing with this host; --network container:NAME joins another's VM";

const accepted: readonly Accepted[] = [
  { option: "--ipc", of: ({ ipc }) => ipc, values: ["private"], why: shares },
  { option: "--pid", of: ({ pid }) => pid, values: ["private"], why: shares },
  { option: "--uts", of: ({ uts }) => uts, values: ["private"], why: shares },
  {
    option: "--userns",
    of: ({ userns }) => userns,
    values: ["host"],
    why: "its root is root of a VM, not of this host, so nothing has to be mapped; --user chooses another",
  },
  {
    option: "--cgroupns",
    of: ({ cgroupns }) => cgroupns,
    values: ["private"],
    why: "the groups of this host are none of a VM's",
  },
  {
    option: "--log-driver",
    of: ({ logDriver }) => logDriver,
    values: ["json-file", "local"],
    why: "there is no daemon that would send it on; `virtc logs -f NAME | PROGRAM` does, and `>/dev/null` in the command throws it away",
  },
];

/** Refuses what can't be, with the reason. */
export function checkDockerOptions(options: DockerOptions): void {
  for (const { option, of, values, why } of accepted) {
    const value = of(options);
    if (value === undefined || values.includes(value)) continue;
    throw badValue(option, value, `it must be ${values.join(" or ")}, which is so anyway: ${why}`);
  }
}

/** `--storage-opt size=10g` is `--scratch 10g`; a size that is said twice is refused. */
export function scratchOf(
  { storageOpt }: DockerOptions,
  scratch: string | undefined,
): string | undefined {
  const [only, ...more] = storageOpt;
  if (only === undefined) return scratch;
  const size = sizeIn("--storage-opt", only, "size", "it must be size=SIZE, such as size=10g");
  if (scratch !== undefined || more.length > 0)
    throw new UsageError("--storage-opt can't be used twice or with --scratch, which is the same");
  return size;
}

const logLimits = [1, 1024 ** 2] as const;

/** How large the log may become, in MiB. */
export function logLimitOf({ logOpt }: DockerOptions): number | undefined {
  const sizes = logOpt.map((text) =>
    sizeIn(
      "--log-opt",
      text,
      "max-size",
      "it must be max-size=SIZE: there is one file, which is not turned",
    ),
  );
  const last = sizes.at(-1);
  return last === undefined ? undefined : parseMiB("--log-opt max-size", last, ...logLimits);
}

function sizeIn(option: string, text: string, key: string, allowed: string): string {
  const value = text.startsWith(`${key}=`) ? text.slice(key.length + 1) : "";
  if (value === "") throw badValue(option, text, allowed);
  return value;
}
