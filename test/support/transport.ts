import { type SandboxConfig, VirtContainers, type VirtContainersOptions } from "virtcontainers";
import { builtVsockDaemon } from "../../scripts/support/vsock-daemon.ts";

/** What a sandbox's hypervisor is told so that its agent is reached by vsock without the kernel's help. */
export function hybridVsock() {
  return { useVSock: true, vsockDaemon: builtVsockDaemon() };
}

/** An instance whose agents are all reached the way that VIRTC_TRANSPORT names; default: the library's. */
export function overTransport(options: VirtContainersOptions): VirtContainers {
  const { VIRTC_TRANSPORT: name = "virtio-serial" } = process.env;
  if (name === "virtio-serial") return new VirtContainers(options);
  if (name === "hybrid-vsock") return new OverHybridVsock(options);
  throw new Error(`VIRTC_TRANSPORT=${name}: virtio-serial or hybrid-vsock`);
}

class OverHybridVsock extends VirtContainers {
  override createSandbox(...[config, options]: Parameters<VirtContainers["createSandbox"]>) {
    return super.createSandbox(asked(config), options);
  }

  override runSandbox(...[config, options]: Parameters<VirtContainers["runSandbox"]>) {
    return super.runSandbox(asked(config), options);
  }
}

/** Of a driver that knows of no such process the sandbox stays as it is. */
function asked(config: SandboxConfig): SandboxConfig {
  const { hypervisorType = "qemu", hypervisorConfig } = config;
  if (hypervisorType !== "qemu") return config;
  return { ...config, hypervisorConfig: { ...hybridVsock(), ...hypervisorConfig } };
}
