import * as v from "valibot";
import { absolutePath, argument, integer, text } from "../validate.ts";
import { type Capabilities, CapabilitiesSchema } from "./capabilities.ts";
import { type Rlimits, RlimitsSchema } from "./rlimits.ts";

/** A variable of an environment. */
export interface EnvVar {
  /** Its name, without `=`. */
  var: string;
  /** Its value. */
  value: string;
}

export const EnvVarSchema = v.strictObject({
  var: v.pipe(
    argument(4096),
    v.check((name) => name !== "" && !name.includes("="), "it must be a name without ="),
  ),
  value: argument(),
});

/** The size of a terminal. */
export interface ConsoleSize {
  /** Rows, 1 to 65535. */
  height: number;
  /** Columns, 1 to 65535. */
  width: number;
}

/** A command to run in a container; the fields left out of a container's first command come from its image. */
export interface Cmd {
  /** Executable and arguments, at most 4096; nothing is passed through a shell. */
  args: string[];
  /** Added to the environment that the image gives. */
  envs?: EnvVar[] | undefined;
  /** Where it begins: an absolute path. */
  workDir?: string | undefined;
  /** Name or number, optionally `:group`. */
  user?: string | undefined;
  /** Name or number of the group, instead of the user's. */
  primaryGroup?: string | undefined;
  /** Names or numbers of further groups. */
  supplementaryGroups?: string[] | undefined;
  /** A pseudo terminal in the guest; stderr goes with stdout then. Default false. */
  terminal?: boolean | undefined;
  /** Of the terminal at its start: rows and columns, each 1 to 65535. */
  consoleSize?: ConsoleSize | undefined;
  /**
   * A terminal of the host, such as /dev/pts/3, that the process uses: the program that starts the process
   * carries what is typed and shown for as long as it lives. With `terminal`, and not with `detach`.
   */
  console?: string | undefined;
  /** Keeps stdin open; without it the command reads from /dev/null. */
  interactive?: boolean | undefined;
  /** Output goes to the sandbox's log instead of to a reader. Default false. */
  detach?: boolean | undefined;
  /** No program that it executes can get further rights. Default false. */
  noNewPrivileges?: boolean | undefined;
  /** What root may do in the container; default: the set that Docker and containerd give. */
  capabilities?: Capabilities | undefined;
  /** Limits of the process. */
  rlimits?: Rlimits | undefined;
  /** Whom the guest's kernel kills first when memory is short: -1000 (never) to 1000. */
  oomScoreAdj?: number | undefined;
}

const user = v.pipe(
  text(256),
  v.check((name) => name !== "", "it must not be empty"),
);

export const CmdSchema = v.pipe(
  v.strictObject({
    args: v.pipe(
      v.array(argument(), "it must be a list of texts"),
      v.maxLength(4096, "it must have at most 4096 elements"),
      v.check((args) => args.length === 0 || args[0] !== "", "its first element must not be empty"),
    ),
    envs: v.optional(v.array(EnvVarSchema)),
    workDir: v.optional(absolutePath()),
    user: v.optional(user),
    primaryGroup: v.optional(user),
    supplementaryGroups: v.optional(v.array(user)),
    terminal: v.optional(v.boolean("it must be true or false")),
    consoleSize: v.optional(
      v.strictObject({ height: integer(1, 65535, "rows"), width: integer(1, 65535, "columns") }),
    ),
    console: v.optional(absolutePath()),
    interactive: v.optional(v.boolean("it must be true or false")),
    detach: v.optional(v.boolean("it must be true or false")),
    noNewPrivileges: v.optional(v.boolean("it must be true or false")),
    capabilities: v.optional(CapabilitiesSchema),
    rlimits: v.optional(RlimitsSchema),
    oomScoreAdj: v.optional(integer(-1000, 1000)),
  }),
  v.check(
    ({ console, terminal, detach }) => console === undefined || (terminal === true && !detach),
    "a console needs terminal: true, and no detach",
  ),
);
