import {
  encodeLogRecord,
  type Interface,
  type LinuxResources,
  type LogRecord,
  type Process,
  type Route,
} from "@virtcontainers/agent-protocol";
import { machineId } from "@virtcontainers/agent-protocol/ports";
import { TtrpcError } from "@virtcontainers/ttrpc";
import type { Command } from "../commands/command.ts";
import { ContainerFiles } from "../files/container-files.ts";
import { failure } from "../files/tree.ts";
import { GuestFiles } from "./files.ts";
import { Freezer } from "./freezer.ts";
import type { GuestHealth } from "./health.ts";
import { MachineLifetime } from "./lifetime.ts";
import { OomEvents } from "./oom.ts";
import type { Sink } from "./pipe.ts";
import { GuestProcess } from "./process.ts";

/** The machine that the guest is in. */
export interface GuestMachine {
  /** CPUs that are plugged in. */
  readonly cpus?: number;
  /** Settles when it has ended, and all that ran in it. */
  readonly gone?: Promise<unknown>;
  /** Appends to what stands behind the log port. */
  writeLog(bytes: Uint8Array): void;
  /** Ends the machine. */
  powerOff(): void | Promise<void>;
}

/** One container of the test guest. */
export interface GuestContainer {
  id: string;
  /** What the host asked for. */
  process: Process;
  init: GuestProcess;
  started: boolean;
  /** How it is looked at; undefined: it is not. */
  health?: GuestHealth | undefined;
  execs: Map<string, GuestProcess>;
  /** Frozen while the container is paused. */
  freezer: Freezer;
  /** As created, and as updated since. */
  resources: LinuxResources | undefined;
  /** What programs, copies and tests have put into it, beside the usual folders. */
  files: ContainerFiles;
}

export interface GuestOptions {
  commands: ReadonlyMap<string, Command | "not-executable">;
  /** Names that the containers' /etc/passwd has; numbers always do. */
  users: readonly string[];
}

/** Where a process of the guest is: in a container, or in none, as those of a console. */
export type ProcessPlace = Pick<GuestContainer, "execs" | "freezer" | "files">;

/** What the host asks of a new process. */
export interface Wanted {
  containerId: string;
  execId: string;
  process: Process;
  /** `user`, `uid`, `user:group` or `uid:gid`. */
  user: string;
  stdinPort: number;
  stdoutPort: number;
  place: Pick<ProcessPlace, "freezer" | "files">;
}

/** The state of one guest: containers and processes, and the rules they obey. */
export class Guest {
  readonly containers = new Map<string, GuestContainer>();
  readonly copied = new GuestFiles();
  readonly oom = new OomEvents();
  /** Commands that were killed before they were heard of. */
  readonly canceled = new Set<string>();
  readonly volumeBytes = new Map<string, bigint>();
  /** By their Ethernet addresses. */
  readonly interfaces = new Map<string, Interface>();
  routes: readonly Route[] = [];
  readonly iptables = { ipv4: new Uint8Array(), ipv6: new Uint8Array() };
  /** Programs of the guest itself, that consoles run. */
  readonly consoles: ProcessPlace;
  readonly lifetime = new MachineLifetime((reason) => this.#over(reason));
  readonly #options: GuestOptions;
  hostname: string | undefined;
  /** The container with whose first process the machine ends. */
  exitWith: string | undefined;
  machine: GuestMachine | undefined;
  /** CPUs in use, once it was told; else as many as it booted with. */
  cpus: number | undefined;
  #lastPid = 100;

  constructor(options: GuestOptions) {
    this.#options = options;
    this.consoles = { execs: new Map(), freezer: new Freezer(), files: this.newFiles() };
  }

  newFiles(): ContainerFiles {
    return new ContainerFiles(this.#options.users);
  }

  createSandbox(hostname: string): void {
    if (this.hostname !== undefined)
      throw new TtrpcError("already_exists", "the sandbox has been created already");
    this.hostname = hostname;
  }

  assertSandbox(): void {
    if (this.hostname === undefined)
      throw new TtrpcError(
        "failed_precondition",
        "there is no sandbox yet: CreateSandbox comes first",
      );
  }

  /** The calls of the contract answer an unknown container with one of two codes. */
  container(
    id: string,
    code: "invalid_argument" | "internal" = "invalid_argument",
  ): GuestContainer {
    this.assertSandbox();
    const found = this.containers.get(id);
    if (found === undefined) throw new TtrpcError(code, `Invalid container id ${id}`);
    return found;
  }

  /** What is killed before it is started is never started. */
  cancelUnknown(containerId: string, execId: string): void {
    const place = containerId === "" ? this.consoles : this.containers.get(containerId);
    if (execId !== "" && place !== undefined && !place.execs.has(execId))
      this.canceled.add(`${containerId}/${execId}`);
  }

  find(
    containerId: string,
    execId: string,
    code: "invalid_argument" | "internal" = "invalid_argument",
  ): GuestProcess {
    if (containerId === "") {
      const console = this.consoles.execs.get(execId);
      if (console !== undefined) return console;
      throw new TtrpcError("not_found", `no console of the guest with exec id ${execId}`);
    }
    const { init, execs } = this.container(containerId, code);
    const found = execId === "" ? init : execs.get(execId);
    if (found !== undefined) return found;
    const text = `container ${containerId}: no process with exec id ${execId}`;
    throw new TtrpcError("not_found", text);
  }

  makeProcess(wanted: Wanted): GuestProcess {
    const { containerId, execId, process, user } = wanted;
    const { Args: argv, Env: env, Cwd: cwd } = process;
    const size = process.ConsoleSize;
    this.#assertUser(user);
    return new GuestProcess({
      containerId,
      execId,
      pid: ++this.#lastPid,
      command: this.#program(argv[0] ?? "", containerId === ""),
      argv,
      env,
      cwd,
      user,
      terminal: process.Terminal
        ? { rows: size?.Height ?? 24, columns: size?.Width ?? 80 }
        : undefined,
      hasInput: wanted.stdinPort === 0,
      sink: sinkOfPort(wanted.stdoutPort),
      place: wanted.place,
      log: (record) => this.#log(record),
    });
  }

  /** Lets the first process of a container go, and begins to look at it. */
  start(container: GuestContainer): void {
    const { id, init, process, freezer, files } = container;
    container.started = true;
    init.start();
    const place = { freezer, files };
    void container.health?.follow({
      id,
      ended: init.exited,
      isHalted: () => freezer.isFrozen,
      make: (args) => {
        const wanted = { containerId: id, execId: "health check", user: init.user, place };
        const asked = { ...process, Args: [...args], Terminal: false };
        const ports = { stdinPort: 0xffff_ffff, stdoutPort: 0 };
        return this.makeProcess({ ...wanted, process: asked, ...ports });
      },
      log: (record) => this.#log(record),
    });
  }

  /** A process that was waited for and read to its end is forgotten; a container's first one stays. */
  forgetIfDone(containerId: string, process: GuestProcess): void {
    const place = containerId === "" ? this.consoles : this.containers.get(containerId);
    if (process.isDone) place?.execs.delete(process.execId);
  }

  /** Ends the programs of all consoles. */
  hangUp(): void {
    for (const process of this.consoles.execs.values()) process.signal(9);
  }

  /** The machine has ended, and all programs with it. */
  end(): void {
    this.lifetime.clear();
    this.machine = undefined;
    this.hangUp();
    for (const container of this.containers.values()) this.killAll(container);
  }

  killAll(container: GuestContainer): void {
    for (const process of [...container.execs.values(), container.init]) process.signal(9);
  }

  /** As the kernel does when a container is out of memory: all of it dies, and the agent hears of it. */
  outOfMemory(id: string): void {
    const container = this.container(id);
    const timeNs = BigInt(Date.now()) * 1_000_000n;
    this.#log({ containerId: id, execId: "", timeNs, stream: "oom" });
    this.killAll(container);
    this.oom.record(id);
  }

  /** The first process of a container takes all others with it, as in a pid namespace. */
  add(container: GuestContainer): void {
    this.containers.set(container.id, container);
    container.init.exited.then(() => {
      this.killAll(container);
      if (container.id === this.exitWith) setImmediate(() => this.machine?.powerOff());
    });
  }

  /** The agent starts a console's program itself, and so tells the kernel's error; crun has its own words. */
  #program(name: string, ofConsole: boolean): Command {
    const found = this.#options.commands.get(name.split("/").at(-1) ?? name);
    if (typeof found === "function") return found;
    if (ofConsole) {
      const absent = "No such file or directory (os error 2)";
      throw failure(name, found === undefined ? absent : "Permission denied (os error 13)");
    }
    if (found === "not-executable")
      throw new TtrpcError("permission_denied", `exec: "${name}": permission denied`);
    const place = name.includes("/") ? "no such file" : "not found in PATH";
    throw new TtrpcError("not_found", `exec: "${name}": ${place}`);
  }

  #assertUser(user: string): void {
    const name = user.split(":", 1)[0] ?? "";
    if (name === "" || /^\d+$/.test(name) || this.#options.users.includes(name)) return;
    throw new TtrpcError("invalid_argument", `user: no user ${name} in the container`);
  }

  #over(reason: "timeout" | "idle"): void {
    const timeNs = BigInt(Date.now()) * 1_000_000n;
    this.#log({ containerId: machineId, execId: "", timeNs, stream: "over", reason });
    for (const container of this.containers.values()) this.killAll(container);
    setImmediate(() => this.machine?.powerOff());
  }

  #log(record: LogRecord): void {
    if (record.stream === "stdout" || record.stream === "stderr") this.lifetime.touch();
    this.machine?.writeLog(encodeLogRecord(record));
  }
}

function sinkOfPort(port: number): Sink {
  if (port === 0) return "client";
  if (port === 0xffff_fffe) return "log";
  if (port === 0xffff_ffff) return "discard";
  throw new TtrpcError("invalid_argument", `stdout_port: ${port} is not supported`);
}
