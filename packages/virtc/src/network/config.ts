import type { NetworkConfig, PortMapping, SandboxNetwork } from "virtcontainers";
import type { NetworkRequest } from "./request.ts";

/** What a sandbox's configuration says of its network. */
export interface NetworkPart {
  network?: SandboxNetwork | undefined;
  ports?: PortMapping[] | undefined;
  networkConfig?: NetworkConfig | undefined;
}

/** The network that was asked for, with these ports; nothing where nothing was said. A pure function. */
export function networkPart(
  { choice, settings }: NetworkRequest,
  ports: readonly PortMapping[],
): NetworkPart {
  switch (choice?.kind) {
    case "networks":
      return {
        network: { networks: choice.networks, ...settings },
        ...(ports.length > 0 && { ports: [...ports] }),
      };
    case "namespace":
      return {
        networkConfig: { netNSPath: choice.path },
        ...(Object.keys(settings).length > 0 && { network: settings }),
      };
    case "none":
      return { network: undefined, ports: undefined, networkConfig: undefined };
    default:
      return {};
  }
}
