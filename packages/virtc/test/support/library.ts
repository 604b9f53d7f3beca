import { PassThrough, Readable } from "node:stream";
import type {
  Cmd,
  Container,
  ContainerConfig,
  ContainerStats,
  ContainerStatus,
  Image,
  Images,
  IOStream,
  LogEntry,
  Network,
  Networks,
  SandboxConfig,
  SandboxStatus,
  Signal,
  VirtEvent,
  Volume,
  Volumes,
} from "virtcontainers";
import { VirtError } from "virtcontainers";
import type { Library, SandboxHandle } from "../../src/library.ts";
import { statsOf } from "./stats.ts";

/** What a pretended process does: reads its input, writes, and gives its exit code. */
export type Program = (
  io: { stdin: Readable; write(text: string): void; writeError(text: string): void },
  signals: AsyncIterable<Signal>,
  cmd: Cmd,
) => Promise<number>;

export interface FakeLibrary extends Library {
  readonly sandboxes: Map<string, SandboxStatus>;
  readonly created: SandboxConfig[];
  readonly containers: ContainerConfig[];
  readonly calls: string[];
  log: LogEntry[];
  /** What containers use; changed by tests. */
  stats(sandbox: string, container: string): ContainerStats;
  happened: VirtEvent[];
  /** True: the guest takes signals and answers none. */
  silent: boolean;
  /** What ps prints; changed by tests. */
  ps(args: readonly string[]): string;
}

const nothingCopied = { files: 0, folders: 0, links: 0, bytes: 0, skipped: [] };

/** A library without VMs: every process is the given program. */
export function fakeLibrary(program: Program, images: readonly Image[] = []): FakeLibrary {
  const sandboxes = new Map<string, SandboxStatus>();
  const processes = new Map<string, FakeProcess>();
  const calls: string[] = [];
  const created: SandboxConfig[] = [];
  const containers: ContainerConfig[] = [];
  const library: FakeLibrary = {
    sandboxes,
    created,
    containers,
    calls,
    log: [],
    stats: () => statsOf({}),
    happened: [],
    silent: false,
    ps: () => "PID CMD\n",
    images: fakeImages(images),
    volumes: fakeVolumes(),
    networks: fakeNetworks(),
    async createSandbox(config) {
      const id = add("create", config);
      for (const container of known(id).containersStatus) container.state = "ready";
      known(id).state = "ready";
      return handle(id);
    },
    async runSandbox(config) {
      const id = add("run", config);
      const [first] = config.containers ?? [];
      begin(id, first?.id ?? id, first?.cmd);
      return handle(id);
    },
    async fetchSandbox(id) {
      known(id);
      return handle(id);
    },
    async statusSandbox(id) {
      return known(id);
    },
    async listSandbox() {
      return [...sandboxes.values()];
    },
    async statusContainer(id, container) {
      return knownContainer(id, container);
    },
    async startSandbox(id) {
      known(id).state = "running";
      calls.push(`start ${id}`);
      for (const container of known(id).containersStatus) {
        Object.assign(container, { state: "running", exitCode: undefined });
        const config = created.find((one) => one.id === id)?.containers ?? [];
        begin(id, container.id, config.find((one) => one.id === container.id)?.cmd);
      }
    },
    async createContainer(id, config) {
      calls.push(`create ${id} ${config.id}`);
      containers.push(config);
      const made = statusOf({ containers: [config] }).containersStatus;
      known(id).containersStatus.push(...made.map((one) => ({ ...one, state: "ready" as const })));
      return { sandbox: handle(id) };
    },
    async startContainer(id, container) {
      calls.push(`start ${id} ${container}`);
      knownContainer(id, container).state = "running";
      const made = containers.find((config) => config.id === container);
      if (made) begin(id, container, made.cmd);
    },
    async stopContainer(id, container) {
      calls.push(`stop ${id} ${container}`);
      knownContainer(id, container).state = "stopped";
    },
    async deleteContainer(id, container) {
      const { state } = knownContainer(id, container);
      if (state === "running") {
        throw new VirtError("INVALID_STATE", `container ${container} is running`);
      }
      calls.push(`delete ${id} ${container}`);
      const { containersStatus } = known(id);
      containersStatus.splice(
        containersStatus.findIndex((one) => one.id === container),
        1,
      );
    },
    async pauseSandbox(id) {
      known(id).state = "paused";
      calls.push(`pause ${id}`);
    },
    async resumeSandbox(id) {
      known(id).state = "running";
      calls.push(`resume ${id}`);
    },
    async resizeSandbox(id, size) {
      known(id);
      calls.push(`resize ${id} ${JSON.stringify(size)}`);
    },
    async updateContainer(id, container, resources) {
      knownContainer(id, container);
      calls.push(`update ${id} ${container} ${JSON.stringify(resources)}`);
    },
    async pauseContainer(id, container) {
      knownContainer(id, container).state = "paused";
      calls.push(`pause ${id} ${container}`);
    },
    async resumeContainer(id, container) {
      knownContainer(id, container).state = "running";
      calls.push(`resume ${id} ${container}`);
    },
    async *events(options) {
      calls.push(`events ${JSON.stringify(options)}`);
      yield* library.happened;
    },
    async *egressLog() {},
    async egressStatus() {
      return { policy: {}, decisions: {}, rules: [] };
    },
    async setEgress() {},
    async setAnnotations(id, annotations) {
      Object.assign(known(id).annotations, annotations);
    },
    async connectNetwork(id, network) {
      known(id);
      calls.push(`connect ${id} ${JSON.stringify(network)}`);
    },
    async disconnectNetwork(id, name, options) {
      known(id);
      calls.push(`disconnect ${id} ${name} ${JSON.stringify(options)}`);
    },
    async trace(id = "last") {
      const phases = [
        { name: "validate", startMs: 0, durationMs: 10 },
        { name: "boot", startMs: 10, durationMs: 90 },
        { name: "agent.createContainer", containerId: "c1", startMs: 60, durationMs: 0.2 },
      ];
      return { sandboxId: id, startedAt: "2026-01-01T00:00:00.000Z", durationMs: 100, phases };
    },
    async stopSandbox(id, { force = false } = {}) {
      calls.push(force ? `stop ${id}` : `stop ${id} gently`);
      known(id).state = "stopped";
    },
    async deleteSandbox(id) {
      known(id);
      calls.push(`delete ${id}`);
      sandboxes.delete(id);
    },
    async killContainer(id, container, signal) {
      calls.push(`kill ${id} ${container} ${signal}`);
      processes.get(`${id}/${container}`)?.signal(signal);
    },
    async collectGarbage(options) {
      calls.push(`gc ${JSON.stringify(options)}`);
      const reason = "its creation was not finished";
      return [
        { kind: "sandbox", name: "half", reason },
        { kind: "container", name: "job\u001b[2J", sandboxId: "web", reason },
      ];
    },
    async waitProcess(id, container) {
      return await process(id, container).exited;
    },
  };

  function handle(id: string): SandboxHandle {
    return {
      id,
      containers: () => (sandboxes.get(id)?.containersStatus ?? []).map((c) => view(id, c.id)),
      async release() {
        calls.push(`release ${id}`);
      },
      async enterContainer(container, cmd) {
        const token = `exec-${processes.size}`;
        processes.set(`${id}/${token}`, new FakeProcess(program, cmd));
        return { container: view(id, container), process: { token, pid: 2, startTime: "" } };
      },
      waitProcess: (_container, token) => process(id, token).exited,
      async signalProcess(_container, token, signal, _all, options) {
        calls.push(`signal ${token} ${signal}`);
        if (library.silent) {
          await new Promise((resolve) => options?.signal?.addEventListener("abort", resolve));
          calls.push(`no more wait for ${token}`);
        }
        process(id, token).signal(signal);
      },
      async winsizeProcess(_container, token, height, width) {
        calls.push(`size ${token} ${height}x${width}`);
      },
      ioStream: async (_container, token) => process(id, token).io,
      async setOutput(_container, token, target) {
        calls.push(`output ${token} ${target}`);
      },
      async stats() {
        return { ...library.stats(id, id), cpus: 1 };
      },
      async statsContainer(container) {
        knownContainer(id, container);
        return library.stats(id, container);
      },
      async processListContainer(container, options) {
        knownContainer(id, container);
        return library.ps(options.args ?? []);
      },
      async openConsole({ args = [] } = {}) {
        const console = new FakeProcess(program, { args: [...args], terminal: true });
        const signal = async (name: Signal) => console.signal(name);
        return { io: console.io, exited: console.exited, signal, async resize() {} };
      },
      async *logs() {
        yield* library.log;
      },
      async copyTo(container, from, to, options) {
        calls.push(`copyTo ${container} ${from} ${to} ${options?.archive ?? false}`);
        return { ...nothingCopied, files: 1 };
      },
      async copyFrom(container, from, to) {
        calls.push(`copyFrom ${container} ${from} ${to}`);
        const skipped = [{ path: "dev\u001b[2J", reason: "a device, socket or pipe" }];
        return { ...nothingCopied, skipped };
      },
      async importTar(container, to, stream) {
        for await (const data of stream) calls.push(`import ${container} ${to} ${String(data)}`);
        return nothingCopied;
      },
      async exportTar(_container, _from, write) {
        await write(Buffer.from("tar"));
        return nothingCopied;
      },
    };
  }

  /** Runs the first process of a container. */
  function begin(id: string, containerId: string, cmd: Cmd = { args: [] }): void {
    const process = new FakeProcess(program, cmd);
    processes.set(`${id}/${containerId}`, process);
    void process.exited.then((code) => {
      const all = sandboxes.get(id)?.containersStatus ?? [];
      const container = all.find((one) => one.id === containerId);
      if (container) Object.assign(container, { state: "stopped", exitCode: code });
    });
  }

  function process(id: string, token: string): FakeProcess {
    const found = processes.get(`${id}/${token}`);
    if (!found) throw new VirtError("PROCESS_NOT_FOUND", `no process ${token}`);
    return found;
  }

  function add(verb: string, config: SandboxConfig): string {
    const id = config.id ?? "none";
    calls.push(`${verb} ${id}`);
    if (sandboxes.has(id)) throw new VirtError("ALREADY_EXISTS", `sandbox ${id} exists`);
    created.push(config);
    sandboxes.set(id, statusOf(config));
    return id;
  }

  function knownContainer(id: string, container: string): ContainerStatus {
    const found = known(id).containersStatus.find((one) => one.id === container);
    if (!found) throw new VirtError("CONTAINER_NOT_FOUND", `there is no container ${container}`);
    return found;
  }

  function known(id: string): SandboxStatus {
    const found = sandboxes.get(id);
    if (!found) throw new VirtError("SANDBOX_NOT_FOUND", `there is no sandbox ${id}`);
    return found;
  }
  return library;
}

class FakeProcess {
  readonly io: IOStream;
  readonly exited: Promise<number>;
  readonly #signals = new PassThrough({ objectMode: true });

  constructor(program: Program, cmd: Cmd) {
    const stdin = new PassThrough();
    const stdout = new PassThrough();
    const stderr = new PassThrough();
    this.io = { stdin, stdout, stderr };
    const own = {
      stdin: cmd.interactive ? stdin : Readable.from([]),
      write: (text: string) => void stdout.write(text),
      writeError: (text: string) => void stderr.write(text),
    };
    this.exited = program(own, this.#signals, cmd).finally(() => {
      stdout.end();
      stderr.end();
    });
  }

  signal(signal: Signal): void {
    this.#signals.write(signal);
  }
}

export function statusOf(config: SandboxConfig): SandboxStatus {
  return {
    id: config.id ?? "none",
    state: "running",
    hypervisor: "qemu",
    hypervisorConfig: {},
    agent: "kata",
    annotations: config.annotations ?? {},
    createdAt: new Date(0).toISOString(),
    vmm: { pid: 4711 },
    networks: [],
    shareDaemon: undefined,
    ports: config.ports ?? [],
    containersStatus: (config.containers ?? []).map((container) => ({
      id: container.id,
      health: undefined,
      state: "running",
      pid: 1,
      startTime: new Date(0).toISOString(),
      createdAt: new Date(0).toISOString(),
      rootFs: container.image ?? "",
      image: container.image,
      imageDigest: undefined,
      cmd: [...(container.cmd?.args ?? [])],
      exitCode: undefined,
      exitedAt: undefined,
      logged: container.cmd?.detach ?? false,
      scratchPath: undefined,
      terminal: container.cmd?.terminal ?? false,
      interactive: container.cmd?.interactive ?? false,
      annotations: { ...container.annotations },
      mounts: (container.mounts ?? []).map((mount) => ({
        type: mount.type,
        source: "source" in mount ? mount.source : undefined,
        destination: mount.destination,
        options: [],
        readOnly: false,
        hostPath: undefined,
        blockDeviceID: undefined,
      })),
      spec: { ociVersion: "1.0.2" },
    })),
  };
}

function view(sandboxId: string, id: string): Container {
  const process = { token: id, pid: 1, startTime: "" };
  return { id, sandboxId, annotations: {}, process, pid: 1, token: id };
}

export function fakeImage(name: string): Image {
  return {
    digest: `sha256:${"ab".repeat(32)}`,
    names: [name],
    platform: { os: "linux", architecture: "amd64" },
    createdAt: new Date(0).toISOString(),
    importedAt: new Date(0).toISOString(),
    sizeBytes: 4_500_000,
    path: "/nowhere",
    config: {
      env: ["PATH=/bin"],
      entrypoint: [],
      cmd: ["sh"],
      workingDir: "/",
      user: "",
      exposedPorts: [],
      volumes: [],
      labels: {},
      stopSignal: undefined,
    },
  };
}

function fakeImages(images: readonly Image[]): Images {
  const get = async (reference: string): Promise<Image> => {
    const found = images.find((image) => image.names.includes(reference));
    if (!found) throw new VirtError("IMAGE_NOT_FOUND", `there is no image ${reference}`);
    return found;
  };
  return {
    get,
    ensure: get,
    pull: get,
    import: () => get("busybox:latest"),
    load: async () => [...images],
    save: async (_names, write) => await write(Buffer.from("archive")),
    push: async (name) => ({ name, digest: (await get(name)).digest, sizeBytes: 1 }),
    tag: get,
    history: async (reference) => [{ createdAt: (await get(reference)).createdAt }],
    login: async () => ({ file: "/nowhere/config.json" }),
    logout: async () => true,
    remove: get,
    list: async () => [...images],
    prune: async () => ({ removed: [], freedBytes: 0 }),
    sweep: async () => [],
    userFile: () => "/nowhere",
  };
}

function fakeNetworks(): Networks {
  const all = new Map<string, Network>();
  const inspect = async (name: string): Promise<Network> => {
    const found = all.get(name);
    if (!found) throw new VirtError("NETWORK_NOT_FOUND", `there is no network ${name}`);
    return found;
  };
  return {
    inspect,
    default: async () => "bridge",
    check: async (name) => (await inspect(name)).usedBy.map((id) => `${id} is cut off`),
    list: async () => [...all.values()],
    create: async (options = {}) => {
      const { name = "random", driver = "bridge", parent, mode, subnets = [] } = options;
      const { internal = false, labels = {} } = options;
      const createdAt = new Date(0).toISOString();
      const made = { name, driver, parent, mode, subnets, internal, labels, createdAt };
      const network = { ...made, usedBy: [], members: [] };
      all.set(name, network);
      return network;
    },
    remove: async (name) => {
      await inspect(name);
      all.delete(name);
    },
    prune: async () => {
      const names = [...all.keys()];
      all.clear();
      return names;
    },
  };
}

function fakeVolumes(): Volumes {
  const all = new Map<string, Volume>();
  const inspect = async (name: string): Promise<Volume> => {
    const found = all.get(name);
    if (!found) throw new VirtError("VOLUME_NOT_FOUND", `there is no volume ${name}`);
    return found;
  };
  return {
    inspect,
    list: async () => [...all.values()],
    create: async ({ name = "random", driver = "folder", sizeMiB, labels = {} } = {}) => {
      const createdAt = new Date(0).toISOString();
      const volume = { name, driver, path: "/nowhere", sizeMiB, labels, createdAt, usedBy: [] };
      all.set(name, volume);
      return volume;
    },
    remove: async (name) => {
      await inspect(name);
      all.delete(name);
    },
    prune: async () => {
      const names = [...all.keys()];
      all.clear();
      return names;
    },
  };
}
