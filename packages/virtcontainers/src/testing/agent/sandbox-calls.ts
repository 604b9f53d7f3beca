import { type AgentService, Unit } from "@virtcontainers/agent-protocol";
import { type ServiceImplementation, TtrpcError } from "@virtcontainers/ttrpc";
import type { Guest } from "./guest.ts";

const memoryBlockBytes = 128n * 1024n * 1024n;
const defaultVolumeBytes = 1024n ** 3n;

/** The calls about the sandbox and the guest as a whole. */
export function sandboxCalls(
  guest: Guest,
  features: readonly string[],
): ServiceImplementation<typeof AgentService> {
  return {
    getGuestDetails: () => ({
      memBlockSizeBytes: memoryBlockBytes,
      agentDetails: { version: "0.0.0-test", initDaemon: true, extraFeatures: [...features] },
    }),
    setGuestDateTime: () => ({}),
    reseedRandomDev: () => ({}),
    createSandbox: ({ hostname }) => {
      if (hostname.length > 64) throw invalid("hostname: more than 64 bytes");
      guest.createSandbox(hostname);
      return {};
    },
    destroySandbox: async () => {
      for (const container of guest.containers.values()) guest.killAll(container);
      guest.hangUp();
      guest.containers.clear();
      // The answer goes first.
      setImmediate(() => guest.machine?.powerOff());
      return {};
    },
    onlineCPUMem: ({ nbCpus }) => {
      guest.cpus = Math.max(guest.cpus ?? 1, nbCpus);
      return {};
    },
    memHotplugByProbe: () => ({}),
    updateEphemeralMounts: () => ({}),
    addSwap: () => ({}),
    addSwapPath: () => ({}),
    copyFile: (request) => {
      guest.copied.copy(request);
      return {};
    },
    getOOMEvent: async (_request, { signal }) => ({ containerId: await guest.oom.next(signal) }),
    getMetrics: () => ({
      metrics: `# TYPE virtc_containers gauge\nvirtc_containers ${guest.containers.size}\n`,
    }),
    getVolumeStats: ({ volumeGuestPath }) => {
      const total = guest.volumeBytes.get(volumeGuestPath) ?? defaultVolumeBytes;
      return {
        usage: [{ total, available: total, used: 0n, unit: Unit.BYTES }],
        volumeCondition: { abnormal: false, message: "OK" },
      };
    },
    resizeVolume: ({ volumeGuestPath, size }) => {
      guest.volumeBytes.set(volumeGuestPath, size);
      return {};
    },
    getIPTables: ({ isIpv6 }) => ({ data: guest.iptables[isIpv6 ? "ipv6" : "ipv4"] }),
    setIPTables: ({ isIpv6, data }) => {
      guest.iptables[isIpv6 ? "ipv6" : "ipv4"] = Buffer.from(data);
      return { data };
    },
    updateInterface: ({ interface: wanted }) => {
      if (wanted === undefined) throw invalid("interface: missing");
      guest.interfaces.set(wanted.hwAddr, wanted);
      return wanted;
    },
    listInterfaces: () => ({ Interfaces: [...guest.interfaces.values()] }),
    updateRoutes: ({ routes }) => {
      guest.routes = routes?.Routes ?? [];
      return { Routes: [...guest.routes] };
    },
    listRoutes: () => ({ Routes: [...guest.routes] }),
    addARPNeighbors: () => ({}),
    getDiagnosticData: ({ logType }) => {
      throw invalid(`log_type: ${logType} is not known`);
    },
    setPolicy: () => {
      throw new TtrpcError("unimplemented", "policies are not supported");
    },
  };
}

function invalid(text: string): TtrpcError {
  return new TtrpcError("invalid_argument", text);
}
