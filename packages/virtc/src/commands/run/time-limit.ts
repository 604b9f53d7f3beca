const graceMs = 10_000;

export interface TimeLimit {
  /** True from the moment the time was over. */
  readonly expired: boolean;
  stop(): void;
}

/** Asks the container to end after a time, and kills it when it has not ended 10 s later. */
export function timeLimit(
  timeoutMs: number | undefined,
  send: (signal: NodeJS.Signals) => Promise<void>,
): TimeLimit {
  if (timeoutMs === undefined) return { expired: false, stop() {} };
  const fire = (signal: NodeJS.Signals): void => void send(signal).catch(() => {});
  const limit = {
    expired: false,
    stop: () => clearTimeout(timer),
  };
  let timer = setTimeout(() => {
    limit.expired = true;
    fire("SIGTERM");
    timer = setTimeout(() => fire("SIGKILL"), graceMs);
  }, timeoutMs);
  return limit;
}
