import {
  type CommandConnectOptions,
  CommandConnectOptionsSchema,
  CommandIdSchema,
  type CommandListOptions,
  CommandListOptionsSchema,
  type CommandStartOptions,
  CommandStartOptionsSchema,
} from "../../config/commands.ts";
import type { ExecOptions } from "../../config/exec.ts";
import { parse } from "../../validate.ts";
import { type ExecHandle, startExec } from "../exec/handle.ts";
import { commandOf } from "../exec/options.ts";
import { defaultContainer, type ExecSandbox } from "../exec/sandbox.ts";
import { type CommandInfo, listCommands } from "../process/command-info.ts";
import { findCommand } from "../process/find-command.ts";
import { type Command, openCommand } from "./command.ts";
import { startInBackground } from "./start.ts";

let construct: (sandbox: ExecSandbox) => Commands;

/** The commands of a sandbox, for a caller. */
export function commandsOf(sandbox: ExecSandbox): Commands {
  return construct(sandbox);
}

/** The commands of a sandbox: run, start, list, and go on with them from any process. */
export class Commands {
  static {
    construct = (sandbox) => new Commands(sandbox);
  }

  readonly #sandbox: ExecSandbox;

  // Private, so that the types that are published need none of what is inside.
  private constructor(sandbox: ExecSandbox) {
    this.#sandbox = sandbox;
  }

  /** Runs a command whose output comes to this process, and which is ended with it; as `Sandbox.exec`. */
  run(argv: readonly string[], options: ExecOptions = {}): ExecHandle {
    return startExec(this.#sandbox, argv, options);
  }

  /**
   * Starts a command that goes on by itself, when this process ends, too. Its output goes to the log of its VM, as much as
   * `logLimitMiB` allows, where it can be read from the start by any process. NOT_SUPPORTED where the guest keeps no log.
   */
  async start(argv: readonly string[], options: CommandStartOptions = {}): Promise<Command> {
    const { container, stdin, ...checked } = parse(CommandStartOptionsSchema, options, "options");
    const cmd = commandOf(argv, checked, stdin ?? checked.tty ?? false);
    const containerId = container ?? defaultContainer(this.#sandbox);
    const how = { name: "commands.start", holding: "shared" } as const;
    const start = startInBackground(containerId, cmd);
    return openCommand(this.#sandbox, await this.#sandbox.run(how, checked, start));
  }

  /**
   * The commands that the guest knows, whoever started them, the oldest first: those that run, and for a minute those that
   * have ended.
   */
  async list(options: CommandListOptions = {}): Promise<CommandInfo[]> {
    const { container } = parse(CommandListOptionsSchema, options, "options");
    const how = { name: "commands.list", holding: "moment" } as const;
    return await this.#sandbox.run(how, options, (held) => listCommands(held, container));
  }

  /**
   * A command by its id, whichever process started it. Of one that has ended the log of its VM still tells output and exit
   * code, also when the guest has forgotten it, or is stopped. PROCESS_NOT_FOUND; INVALID_STATE or SANDBOX_DEAD if the
   * guest can't be asked, and the log does not know it.
   */
  async connect(id: string, options: CommandConnectOptions = {}): Promise<Command> {
    parse(CommandIdSchema, id, "id");
    const checked = parse(CommandConnectOptionsSchema, options, "options");
    const how = { name: "commands.connect", holding: "moment" } as const;
    const info = await this.#sandbox.run(how, options, findCommand(id, checked.container));
    return openCommand(this.#sandbox, info, checked);
  }
}
