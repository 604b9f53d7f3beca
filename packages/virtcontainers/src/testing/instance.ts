import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VirtContainersOptions } from "../api/create-context.ts";
import { forgetOptions, useOptions } from "../api/default-context.ts";
import { VirtContainers } from "../api/virtcontainers.ts";
import type { Host } from "../host/host.ts";
import { createHost } from "../host/real.ts";
import type { Hypervisor, HypervisorCapabilities } from "../hypervisor/hypervisor.ts";
import { createMockHypervisor, type MockCall, type MockFailure } from "../hypervisor/mock/index.ts";
import type { Images } from "../image/image.ts";
import type { Logger } from "../log.ts";
import { noNetwork } from "../network/default.ts";
import { unlessGone } from "../sandbox/dispose.ts";
import type { LogCarrier } from "../store/log-carrier.ts";
import { createTestAgent, type TestAgent, type TestAgentOptions } from "./agent/agent.ts";
import { Agents } from "./agents.ts";
import { createTestImages, type TestImage } from "./images.ts";

export interface TestInstanceOptions {
  /** Programs of the guests, beside and instead of the built-in ones. */
  commands?: TestAgentOptions["commands"];
  /** The guest agents; all machines get the same options. */
  agent?: TestAgentOptions | undefined;
  /** Calls of the hypervisor that fail; the object may be changed at any time. */
  failures?: Partial<Record<MockCall, MockFailure>> | undefined;
  /** What the hypervisor can do, where that is to be another thing. */
  capabilities?: Partial<HypervisorCapabilities> | undefined;
  /** Images beside `busybox`. */
  images?: readonly TestImage[] | undefined;
  /** An image store of your own, instead of the one in memory. */
  imageStore?: Images | undefined;
  /** Makes Sandbox.create and Sandbox.fetch use this instance until it is disposed. */
  asDefault?: boolean | undefined;
  /** Folder for all files; it is yours to remove then. Default: a new temporary one. */
  folder?: string | undefined;
  logger?: Logger | undefined;
  host?: Host | undefined;
  /** By what the guests' logs reach the host; default: serial-file. */
  logCarrier?: LogCarrier | undefined;
}

/** A VirtContainers without VMs, and handles on what stands in their place. */
export class TestInstance implements AsyncDisposable {
  readonly vc: VirtContainers;
  /** Everything that this instance writes is below it. */
  readonly folder: string;
  readonly hypervisor: Hypervisor;
  readonly #agents: Agents;
  readonly #parts: { ownsFolder: boolean; options: VirtContainersOptions };

  constructor(
    vc: VirtContainers,
    folder: string,
    hypervisor: Hypervisor,
    agents: Agents,
    parts: { ownsFolder: boolean; options: VirtContainersOptions },
  ) {
    this.vc = vc;
    this.folder = folder;
    this.hypervisor = hypervisor;
    this.#agents = agents;
    this.#parts = parts;
  }

  /** The agent in the newest VM of a sandbox; when it has ended, until some sixteen others have. */
  agent(sandboxId: string): TestAgent {
    const agent = this.#agents.of(sandboxId);
    if (agent === undefined) throw new Error(`no VM was started for a sandbox ${sandboxId}`);
    return agent;
  }

  /** A second VirtContainers over the same folders and machines, as another process would have one. */
  another(): VirtContainers {
    return new VirtContainers(this.#parts.options);
  }

  /** Deletes all sandboxes and the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    forgetOptions(this.#parts.options);
    for (const id of await sandboxIds(this.folder)) {
      await unlessGone(this.vc.deleteSandbox(id, { force: true }));
    }
    if (this.#parts.ownsFolder) await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * A VirtContainers for tests: the real classes, locks and files over a mock hypervisor and guest agents in
 * memory. `await using` deletes what is left.
 */
export async function createTestInstance(options: TestInstanceOptions = {}): Promise<TestInstance> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "virtcontainers-test-")));
  const host = options.host ?? createHost();
  const agents = new Agents();
  const hypervisor = createMockHypervisor({
    host,
    failures: options.failures,
    capabilities: options.capabilities,
    onStart: (machine) => {
      const agent = createTestAgent({
        ...options.agent,
        commands: { ...options.agent?.commands, ...options.commands },
      });
      agents.add(machine, agent);
      machine.writeConsole("virtc-agent 0.0.0-test starting\n");
    },
    serveAgent: (stream, machine) => agents.in(machine.marker)?.serve(stream, machine),
  });
  const guestDir = await writeGuest(folder);
  const images = options.imageStore ?? createTestImages(folder, options.images);
  const instanceOptions: VirtContainersOptions = {
    host,
    guestDir,
    images,
    kernel: "debian",
    logger: options.logger,
    stateDir: join(folder, "state"),
    dataDir: join(folder, "data"),
    hypervisors: { qemu: hypervisor, mock: hypervisor },
    logCarrier: options.logCarrier,
    // Nothing of this host's network is touched but by who asks for it.
    network: noNetwork,
  };
  if (options.asDefault) useOptions(instanceOptions);
  const vc = new VirtContainers(instanceOptions);
  const ownsFolder = options.folder === undefined;
  return new TestInstance(vc, folder, hypervisor, agents, {
    ownsFolder,
    options: instanceOptions,
  });
}

/** Of all sandboxes, damaged and half-made ones too. */
async function sandboxIds(folder: string): Promise<string[]> {
  return await readdir(join(folder, "state", "sbs")).catch(() => []);
}

/** Guest files that nobody boots, so that a configuration made for QEMU is accepted as it is. */
async function writeGuest(folder: string): Promise<string> {
  const kernel = { path: "kernel", version: "0", cmdline: [] };
  const image = { path: "root.img", fstype: "erofs", offset: 0 };
  await writeFile(
    join(folder, "manifest.json"),
    JSON.stringify({ schemaVersion: 1, kernels: { debian: kernel }, image }),
    { mode: 0o600 },
  );
  for (const name of [kernel.path, image.path])
    await writeFile(join(folder, name), "", { mode: 0o600 });
  return folder;
}
