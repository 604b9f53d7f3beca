/** Calls that only look at the machine, which keep none that nobody uses. */
const looks: ReadonlySet<string> = new Set([
  ...["Check", "Version", "GetDiagnosticData", "GetGuestDetails", "GetMetrics", "GetOOMEvent"],
  ...["GetVolumeStats", "ListInterfaces", "ListRoutes", "SetGuestDateTime", "StatsContainer"],
  ...["ListProcesses", "ProcessTable"],
]);

/** Ends the machine when its time is over, or when nobody has used it for long. */
export class MachineLifetime {
  readonly #end: (reason: "timeout" | "idle") => void;
  #timeout: NodeJS.Timeout | undefined;
  #idle: NodeJS.Timeout | undefined;
  #idleMs = 0;
  #calls = 0;

  constructor(end: (reason: "timeout" | "idle") => void) {
    this.#end = end;
  }

  /** In milliseconds from now on; 0: without an end. */
  set(timeoutMs: number, idleMs: number): void {
    this.clear();
    this.#idleMs = idleMs;
    if (timeoutMs > 0) this.#timeout = setTimeout(() => this.#end("timeout"), timeoutMs).unref();
    this.touch();
  }

  /** Something was called or written. */
  touch(): void {
    clearTimeout(this.#idle);
    if (this.#idleMs === 0 || this.#calls > 0) return;
    this.#idle = setTimeout(() => this.#end("idle"), this.#idleMs).unref();
  }

  /** While it lasts, a call that does more than look is no idleness. */
  async during<T>(method: string, call: () => Promise<T>): Promise<T> {
    if (looks.has(method)) return await call();
    this.#calls++;
    this.touch();
    try {
      return await call();
    } finally {
      this.#calls--;
      this.touch();
    }
  }

  clear(): void {
    clearTimeout(this.#timeout);
    clearTimeout(this.#idle);
    this.#idleMs = 0;
  }
}
