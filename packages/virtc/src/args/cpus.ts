import { badValue } from "../errors/usage.ts";

/** vCPUs of the VM, and the container's limit where it is a fraction. */
export interface Cpus {
  numVCPUs: number;
  /** CPU time in microseconds per `period`; undefined: all that the VM has. */
  limit: { quota: number; period: number } | undefined;
}

const period = 100_000;
const most = 240;

/** `2` is a VM with two CPUs; `1.5` is the same with a limit of one and a half for the container. */
export function parseCpus(option: string, text: string): Cpus {
  const cpus = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(cpus >= 0.01 && cpus <= most)) {
    throw badValue(
      option,
      text,
      `it must be a number of CPUs from 0.01 to ${most}, such as 2 or 0.5`,
    );
  }
  const numVCPUs = Math.ceil(cpus);
  const limit = numVCPUs === cpus ? undefined : { quota: Math.round(cpus * period), period };
  return { numVCPUs, limit };
}
