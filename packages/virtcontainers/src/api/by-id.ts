import type { CallOptions } from "../deadline.ts";
import { addMethod, type BeforeOptions, callOptions, entriesOf } from "./forms.ts";
import type { Sandbox } from "./sandbox.ts";
import type { SandboxMethods } from "./sandbox-methods.ts";
import { sandboxVerbs } from "./sandbox-verbs.ts";

/** Methods of a Sandbox whose form by id has another name or result, and so stands in VirtContainers itself. */
const others = [
  "start",
  "stop",
  "pause",
  "resume",
  "resize",
  "status",
  "stats",
  "createContainer",
  "enterContainer",
  "ioStream",
  "openConsole",
] as const satisfies readonly (keyof SandboxMethods)[];

/** Methods that yield, each with the number of arguments before its options. */
const yielding = { logs: 1, monitor: 0, egressLog: 0, followNetwork: 0 } as const satisfies {
  [N in "logs" | "monitor" | "egressLog" | "followNetwork"]: BeforeOptions<Sandbox[N]>;
};

type Name = Exclude<keyof SandboxMethods, (typeof others)[number]> | keyof typeof yielding;

/** A method with the id of a sandbox before its other arguments. */
type Form<Method> = Method extends (...args: infer Args) => infer Result
  ? (sandboxId: string, ...args: Args) => Result
  : never;

type FormsOf<Type, Names extends keyof Type> = { [N in Names]: Form<Type[N]> };

/** The methods of a Sandbox that a VirtContainers has under the same name, with the id before the other arguments. */
export type FormsById = FormsOf<Sandbox, Name>;

/** Who fetches the sandboxes that the forms work on. */
interface Fetching {
  fetchSandbox(id: string, options?: CallOptions): Promise<Sandbox>;
}

/** Adds the forms to a class: each fetches the sandbox, works, and releases it. */
export function addForms(prototype: Fetching): void {
  const otherwise: ReadonlySet<string> = new Set(others);
  for (const [name, { before }] of entriesOf(sandboxVerbs)) {
    if (otherwise.has(name)) continue;
    addMethod(prototype, name, async function (this: Fetching, id: string, ...args: unknown[]) {
      await using sandbox = await this.fetchSandbox(id, callOptions(args[before]));
      return await Reflect.apply(sandbox[name], sandbox, args);
    });
  }
  for (const [name, before] of entriesOf(yielding)) {
    addMethod(prototype, name, async function* (this: Fetching, id: string, ...args: unknown[]) {
      await using sandbox = await this.fetchSandbox(id, callOptions(args[before]));
      yield* Reflect.apply(sandbox[name], sandbox, args);
    });
  }
}
