import type { Duplex } from "node:stream";
import type { DescService } from "@bufbuild/protobuf";
import { AgentService, Extension, Health } from "@virtcontainers/agent-protocol";
import {
  type CallContext,
  type ServiceImplementation,
  type Serving,
  TtrpcServer,
} from "@virtcontainers/ttrpc";
import { consoleFeature } from "../../agent/agent.ts";
import {
  cancelExecFeature,
  extensionFeature,
  healthFeature,
  lifetimeFeature,
  processesFeature,
} from "../../agent/features.ts";
import {
  copyFeature,
  partsFeature,
  pathsFeature,
  removeFeature,
  watchFeature,
} from "../../agent/files.ts";
import { allCommands } from "../commands/builtin.ts";
import type { Commands } from "../commands/command.ts";
import { containerCalls } from "./container-calls.ts";
import { type AgentFault, Faults } from "./faults.ts";
import type { GuestFile } from "./files.ts";
import { Guest, type GuestContainer, type GuestMachine } from "./guest.ts";
import { asReference } from "./reference.ts";
import { Requests } from "./requests.ts";
import { sandboxCalls } from "./sandbox-calls.ts";
import { extensionCalls, healthCalls, processCalls } from "./service.ts";
import { Doorkeeper, welcome } from "./session.ts";

export interface TestAgentOptions {
  /** Programs of the guest, beside and instead of the built-in ones. */
  commands?: Commands | undefined;
  /** What goes wrong; the list may be changed at any time. */
  faults?: readonly AgentFault[] | undefined;
  /** Calls answered by other functions than the agent's own: how an agent lies. */
  answers?: ServiceImplementation<typeof AgentService> | undefined;
  /** Default: this project's extension, `virtcontainers`, with `processes`, `copy`, `remove` and `console`; an empty list makes it an agent without it, which behaves as the field's own. */
  features?: readonly string[] | undefined;
  /** Names in the containers' /etc/passwd; default root and nobody. */
  users?: readonly string[] | undefined;
  /** Whether connections begin with HELLO and ACK, as on virtio-serial ports; default true. */
  handshake?: boolean | undefined;
}

/** A guest agent in memory that speaks the real protocol. */
export interface TestAgent {
  /** Serves one connection. What it does to its machine goes to `machine`. */
  serve(stream: Duplex, machine?: GuestMachine): void;
  /** The containers that it has, by id. */
  readonly containers: ReadonlyMap<string, GuestContainer>;
  /** The sandbox's host name; undefined before CreateSandbox. */
  readonly hostname: string | undefined;
  /** How often a method was called, by its name in the .proto. */
  calls(method: string): number;
  /** The last 32 requests of a method, the newest last: messages as the .proto describes them. */
  requests(method: string): readonly unknown[];
  /** What was copied into the guest, by path. */
  readonly files: ReadonlyMap<string, GuestFile>;
  /** Makes a container run out of memory: its processes are killed, and the next OOM event names it. */
  outOfMemory(containerId: string): void;
  /** CPUs in use, once it was told how many; undefined before. */
  readonly cpus: number | undefined;
  /** How many connections are open. */
  readonly connections: number;
}

const defaultFeatures = [
  extensionFeature,
  processesFeature,
  copyFeature,
  partsFeature,
  pathsFeature,
  watchFeature,
  removeFeature,
  consoleFeature,
  cancelExecFeature,
  lifetimeFeature,
  healthFeature,
];

/** A guest agent for tests: containers and processes are functions of this process. */
export function createTestAgent(options: TestAgentOptions = {}): TestAgent {
  return new InMemoryAgent(options);
}

class InMemoryAgent implements TestAgent {
  readonly #options: TestAgentOptions;
  readonly #guest: Guest;
  readonly #faults: Faults;
  readonly #doorkeeper = new Doorkeeper();
  readonly #requests = new Requests();
  readonly #sessions = new Set<Serving>();

  constructor(options: TestAgentOptions) {
    this.#options = options;
    this.#faults = new Faults(options.faults ?? []);
    this.#guest = new Guest({
      commands: allCommands(options.commands ?? {}),
      users: options.users ?? ["root", "nobody"],
    });
  }

  get cpus(): number | undefined {
    return this.#guest.cpus;
  }

  get containers(): ReadonlyMap<string, GuestContainer> {
    return this.#guest.containers;
  }

  get hostname(): string | undefined {
    return this.#guest.hostname;
  }

  get connections(): number {
    return this.#sessions.size;
  }

  calls(method: string): number {
    return this.#faults.count(method);
  }

  requests(method: string): readonly unknown[] {
    return this.#requests.of(method);
  }

  get files(): ReadonlyMap<string, GuestFile> {
    return this.#guest.copied.files;
  }

  outOfMemory(containerId: string): void {
    this.#guest.outOfMemory(containerId);
  }

  serve(stream: Duplex, machine?: GuestMachine): void {
    if (machine !== undefined && machine !== this.#guest.machine) {
      this.#guest.machine = machine;
      machine.gone?.then(() => this.#guest.end());
    }
    this.#open(stream).catch(() => stream.destroy());
  }

  async #open(stream: Duplex): Promise<void> {
    if (this.#options.handshake ?? true) {
      const closed = new AbortController();
      stream.once("close", () => closed.abort());
      const before = (): Promise<void> => this.#faults.strike("HELLO", stream, closed.signal);
      if (!(await welcome(stream, this.#doorkeeper, before))) return;
    }
    const features = this.#options.features ?? defaultFeatures;
    const cancels = features.includes(cancelExecFeature);
    const ours = { ...containerCalls(this.#guest), ...processCalls(this.#guest, cancels) };
    const calls = {
      ...sandboxCalls(this.#guest, features),
      ...ours,
      ...(!features.includes(extensionFeature) && asReference(this.#guest, ours)),
      ...this.#options.answers,
    };
    const server = new TtrpcServer()
      .register(AgentService, this.#faulty(AgentService, calls, stream))
      .register(Health, this.#faulty(Health, healthCalls, stream));
    if (features.includes(extensionFeature))
      server.register(Extension, this.#faulty(Extension, extensionCalls(this.#guest), stream));
    const session = server.serve(stream);
    this.#sessions.add(session);
    session.closed.then(() => this.#sessions.delete(session));
  }

  /** The calls of a service, each struck by the faults before it runs. */
  #faulty<S extends DescService>(
    service: S,
    calls: ServiceImplementation<S>,
    stream: Duplex,
  ): ServiceImplementation<S> {
    const names = new Map(service.methods.map((method) => [method.localName, method.name]));
    return new Proxy(calls, {
      get: (target, key, receiver) => {
        const handler: unknown = Reflect.get(target, key, receiver);
        const method = names.get(String(key));
        if (typeof handler !== "function" || method === undefined) return handler;
        const struck = this.#faults.wrap(method, stream, async (request: unknown, context) =>
          Reflect.apply(handler, target, [request, context]),
        );
        return (request: unknown, context: CallContext) => {
          this.#requests.record(method, request);
          return this.#guest.lifetime.during(method, async () => struck(request, context));
        };
      },
    });
  }
}
