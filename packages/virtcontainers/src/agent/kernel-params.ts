import { type KataAgentConfig, KataAgentConfigSchema } from "../config/agent.ts";
import type { Param } from "../config/hypervisor.ts";
import { parse } from "../validate.ts";

/** A configuration of the agent with what tracing needs filled in. INVALID_ARGUMENT. */
export function kataAgentSetDefaultTraceConfigOptions(config: KataAgentConfig): KataAgentConfig {
  const { traceMode = "static", traceType = "isolated" } = parse(
    KataAgentConfigSchema,
    config,
    "agentConfig",
  );
  return config.trace ? { ...config, traceMode, traceType } : config;
}

/** What of it the agent reads from the kernel's command line. */
export function kataAgentKernelParams(config: KataAgentConfig): Param[] {
  const { debug, trace, traceType, containerPipeSize } =
    kataAgentSetDefaultTraceConfigOptions(config);
  return [
    ...(debug ? [{ key: "agent.log", value: "debug" }] : []),
    ...(trace ? [{ key: "agent.trace", value: traceType ?? "isolated" }] : []),
    ...(containerPipeSize === undefined
      ? []
      : [{ key: "agent.container_pipe_size", value: String(containerPipeSize) }]),
  ];
}

/** The modules as the agent takes them. */
export function kernelModules(config: KataAgentConfig): { name: string; parameters: string[] }[] {
  return (config.kernelModules ?? []).map((line) => {
    const [name = "", ...parameters] = line.split(" ").filter((word) => word !== "");
    return { name, parameters };
  });
}
