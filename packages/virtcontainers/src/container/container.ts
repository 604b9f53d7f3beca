import type { StoredContainer } from "../store/schema.ts";
import type { Process } from "./verbs/enter.ts";

/** A container of a sandbox, as it was when it was asked for. */
export interface Container {
  readonly id: string;
  readonly sandboxId: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Its first process. */
  readonly process: Process;
  readonly pid: number;
  readonly token: string;
}

export function containerView(sandboxId: string, stored: StoredContainer): Container {
  const { id, pid, startTime } = stored;
  return {
    id,
    sandboxId,
    annotations: { ...stored.config.annotations },
    process: { token: id, pid, startTime },
    pid,
    token: id,
  };
}
