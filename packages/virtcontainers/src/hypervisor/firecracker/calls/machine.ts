import type { ApiCall } from "./call.ts";

export interface Machine {
  readonly numVCPUs: number;
  readonly memoryMiB: number;
  /** The guest's memory is of pages of 2 MiB. */
  readonly hugePages: boolean;
}

/** CPUs and memory. */
export function machineCall({ numVCPUs, memoryMiB, hugePages }: Machine): ApiCall {
  return {
    method: "PUT",
    path: "/machine-config",
    body: {
      vcpu_count: numVCPUs,
      mem_size_mib: memoryMiB,
      smt: false,
      ...(hugePages && { huge_pages: "2M" }),
    },
  };
}
