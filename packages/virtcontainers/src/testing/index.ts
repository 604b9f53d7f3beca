export { NoopAgent } from "../agent/noop/agent.ts";
export { createFaultyHost, type Fault } from "../host/faulty.ts";
export type {
  MockCall,
  MockFailure,
  MockHypervisorOptions,
  MockMachine,
} from "../hypervisor/mock/index.ts";
export { createMockHypervisor } from "../hypervisor/mock/index.ts";
export { LogDiskWriter } from "../hypervisor/mock/log-disk.ts";
export { duplexPair } from "../hypervisor/mock/stream-pair.ts";
export { createTestAgent, type TestAgent, type TestAgentOptions } from "./agent/agent.ts";
export type { AgentFault } from "./agent/faults.ts";
export type { GuestFile } from "./agent/files.ts";
export type { GuestMachine } from "./agent/guest.ts";
export type { Command, CommandOutput, CommandRun, Commands } from "./commands/command.ts";
export type { ContainerFiles } from "./files/container-files.ts";
export { createTestImages, type TestImage } from "./images.ts";
export { createTestInstance, TestInstance, type TestInstanceOptions } from "./instance.ts";
