import type { CallOptions } from "../deadline.ts";
import type { Sandbox } from "./sandbox.ts";

/** Members of a Sandbox whose form by id has another name or result, or that have none. */
type Other =
  | keyof AsyncDisposable
  | "id"
  | "annotations"
  | "containers"
  | "getContainer"
  | "exec"
  | "start"
  | "stop"
  | "pause"
  | "resume"
  | "resize"
  | "delete"
  | "release"
  | "status"
  | "stats"
  | "createContainer"
  | "enterContainer"
  | "ioStream"
  | "openConsole";

type Name = Exclude<keyof Sandbox, Other>;

/** A method with the id of a sandbox before its other arguments. */
type Form<Method> = Method extends (...args: infer Args) => infer Result
  ? (sandboxId: string, ...args: Args) => Result
  : never;

type FormsOf<Type, Names extends keyof Type> = { [N in Names]: Form<Type[N]> };

/** The methods of a Sandbox that a VirtContainers has under the same name, with the id before the other arguments. */
export type FormsById = FormsOf<Sandbox, Name>;

/** How many arguments stand before the options of a call, which are the last. */
type BeforeOptions<Method> = Method extends (...args: infer Args) => unknown
  ? Required<Args> extends [...infer Before, CallOptions]
    ? Before["length"]
    : never
  : never;

type Table<Names extends Name> = Readonly<{ [N in Names]: BeforeOptions<Sandbox[N]> }>;

/** Each with the number of arguments before its options. A method of a Sandbox that is missing here is an error. */
const promising: Table<Exclude<Name, keyof typeof yielding>> = {
  setAnnotations: 1,
  consoleTail: 1,
  startContainer: 1,
  stopContainer: 1,
  deleteContainer: 1,
  updateContainer: 2,
  pauseContainer: 1,
  resumeContainer: 1,
  cleanupContainer: 1,
  statsContainer: 1,
  processListContainer: 2,
  statusContainer: 1,
  killContainer: 3,
  waitProcess: 2,
  signalProcess: 4,
  winsizeProcess: 4,
  setOutput: 3,
  metrics: 0,
  guestVolumeStats: 1,
  resizeGuestVolume: 2,
  getIPTables: 1,
  setIPTables: 2,
  diagnosticData: 2,
  getOOMEvent: 0,
  copyTo: 3,
  copyFrom: 3,
  importTar: 3,
  exportTar: 3,
};

const yielding = { logs: 1, monitor: 0 } as const satisfies Table<"logs" | "monitor">;

/** Who fetches the sandboxes that the forms work on. */
interface Fetching {
  fetchSandbox(id: string, options?: CallOptions): Promise<Sandbox>;
}

/** Adds the forms to a class: each fetches the sandbox, works, and releases it. */
export function addForms(prototype: Fetching): void {
  for (const [name, before] of entries(promising)) {
    add(prototype, name, async function (this: Fetching, id: string, ...args: unknown[]) {
      await using sandbox = await this.fetchSandbox(id, callOptions(args[before]));
      return await Reflect.apply(sandbox[name], sandbox, args);
    });
  }
  for (const [name, before] of entries(yielding)) {
    add(prototype, name, async function* (this: Fetching, id: string, ...args: unknown[]) {
      await using sandbox = await this.fetchSandbox(id, callOptions(args[before]));
      yield* Reflect.apply(sandbox[name], sandbox, args);
    });
  }
}

function add(prototype: object, name: string, value: (...args: never[]) => unknown): void {
  Object.defineProperty(value, "name", { value: name });
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}

function entries<Names extends string>(table: Readonly<Record<Names, number>>): [Names, number][] {
  return Object.entries(table) as [Names, number][];
}

function callOptions(value: unknown): CallOptions {
  return typeof value === "object" && value !== null ? value : {};
}
