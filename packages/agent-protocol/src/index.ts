export * from "./gen/agent_pb.ts";
export * from "./gen/csi_pb.ts";
export * from "./gen/health_pb.ts";
export * from "./gen/oci_pb.ts";
export * from "./gen/types_pb.ts";
export * from "./gen/virtcontainers_pb.ts";
export * from "./ports.ts";
