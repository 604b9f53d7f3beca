import { execFile } from "node:child_process";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { createHost } from "../packages/virtcontainers/src/host/real.ts";

const folders = ["/opt/cni/bin", "/usr/libexec/cni", "/usr/lib/cni"];
const name = "raw-bench";
const cniVersion = "1.0.0";
const { network } = createHost();

/** What a network is made with, run by hand: the plugins, then `ip` and `tc`, in a namespace with a tap. */
export class RawNetwork implements AsyncDisposable {
  readonly #folder: string;
  readonly #plugins: readonly Readonly<Record<string, unknown> & { type: string }>[];
  readonly #path: string;
  #made = 0;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.#path = path;
    const ranges = [[{ subnet: "10.89.0.0/16", gateway: "10.89.0.1" }]];
    const ipam = { type: "host-local", dataDir: join(folder, "raw-leases"), ranges };
    this.#plugins = [
      { type: "bridge", bridge: "raw-bench0", isGateway: true, hairpinMode: true, ipam },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "dnsname", domainName: "raw.internal" },
    ];
  }

  static async open(folder: string): Promise<RawNetwork> {
    for (const path of folders) {
      const found = await access(join(path, "bridge")).then(
        () => true,
        () => false,
      );
      if (found) return new RawNetwork(folder, path);
    }
    throw new Error(`the CNI plugins are in none of ${folders.join(", ")}: virtc setup`);
  }

  /** Milliseconds of each part; it is undone afterwards. */
  async make(): Promise<Record<"plugins" | "ip and tc", number>> {
    const namespace = join(this.#folder, `raw-netns-${++this.#made}`);
    await network.makeNamespace(namespace);
    const [tap] = await network.openTap(namespace, { name: "tap0_raw", queues: 1 });
    try {
      const startedAt = performance.now();
      let result: unknown;
      for (const plugin of this.#plugins)
        result = JSON.parse(await this.#run("ADD", plugin, namespace, result));
      const addedAt = performance.now();
      await this.#join(namespace);
      const joinedAt = performance.now();
      for (const plugin of [...this.#plugins].reverse())
        await this.#run("DEL", plugin, namespace, result);
      return { plugins: addedAt - startedAt, "ip and tc": joinedAt - addedAt };
    } finally {
      await tap?.close();
      await network.removeNamespace(namespace);
    }
  }

  async #run(
    command: "ADD" | "DEL",
    plugin: { type: string },
    namespace: string,
    prevResult: unknown,
  ): Promise<string> {
    const config = { ...plugin, name, cniVersion, ...(prevResult !== undefined && { prevResult }) };
    const env = {
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
      CNI_COMMAND: command,
      CNI_PATH: this.#path,
      CNI_CONTAINERID: `raw-${this.#made}`,
      CNI_IFNAME: "eth0",
      CNI_NETNS: namespace,
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAME=raw-${this.#made}`,
    };
    return await new Promise((resolve, reject) => {
      const file = join(this.#path, plugin.type);
      const child = execFile(file, { env }, (error, stdout) =>
        error === null
          ? resolve(stdout)
          : reject(new Error(`${command} ${plugin.type}: ${stdout}`, { cause: error })),
      );
      child.stdin?.end(JSON.stringify(config));
    });
  }

  async #join(namespace: string): Promise<void> {
    const redirect = (from: string, to: string): string =>
      `qdisc add dev ${from} ingress\n` +
      `filter add dev ${from} ingress protocol all u32 match u8 0 0 action mirred egress redirect dev ${to}\n`;
    const lines = {
      ip: "link set dev tap0_raw up\nlink set dev eth0 up\n",
      tc: redirect("eth0", "tap0_raw") + redirect("tap0_raw", "eth0"),
    };
    for (const [tool, input] of Object.entries(lines)) {
      const { code, stderr } = await network.run(namespace, tool, ["-batch", "-"], { input });
      if (code !== 0) throw new Error(`${tool}: ${stderr}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await network.run(undefined, "ip", ["link", "delete", "dev", "raw-bench0"]);
  }
}
