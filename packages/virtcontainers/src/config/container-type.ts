/** What a container is to a pod of Kubernetes: a member, or the one that stands for its sandbox. */
export type ContainerType = "pod_container" | "pod_sandbox" | "unknown_container_type";

/** A container of a pod. */
export const podContainer: ContainerType = "pod_container";
/** The container that stands for a pod's sandbox. */
export const podSandbox: ContainerType = "pod_sandbox";
export const unknownContainerType: ContainerType = "unknown_container_type";

/** True if creating the container means to create a sandbox. */
export function isSandboxType(type: ContainerType): boolean {
  return type === podSandbox;
}
