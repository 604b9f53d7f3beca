import type { State } from "../config/state.ts";
import { VirtError } from "../errors.ts";

const transitions: Readonly<Record<State, readonly State[]>> = {
  creating: ["ready", "stopped"],
  ready: ["running", "stopped"],
  running: ["paused", "stopped"],
  paused: ["running", "stopped"],
  stopped: ["running"],
};

export function canMove(from: State, to: State): boolean {
  return transitions[from].includes(to);
}

/** Throws INVALID_STATE, naming both states, unless the table allows the move. */
export function assertMove(
  what: "sandbox" | "container",
  id: string,
  from: State,
  to: State,
): void {
  if (canMove(from, to)) return;
  throw new VirtError("INVALID_STATE", `${what} ${id} is ${from}; it can't become ${to}`, {
    ...(what === "sandbox" ? { sandboxId: id } : { containerId: id }),
    [`${what}State`]: from,
    hint: hints[from],
  });
}

interface Rule {
  /** What is refused, in the words of the error: `can't <does> sandbox sb1`. */
  does: string;
  sandbox: readonly State[];
  /** For an operation on a container of the sandbox. */
  container?: readonly State[];
}

const up = ["ready", "running"] as const;

/**
 * Which operation works in which states. What is not here works in all of them: it only reads, or changes no
 * state. An operation that asks the guest ends with SANDBOX_DEAD if its VM has ended unseen.
 */
export const rules = {
  startSandbox: { does: "start", sandbox: ["ready", "stopped"] },
  pauseSandbox: { does: "pause", sandbox: ["running"] },
  resumeSandbox: { does: "resume", sandbox: ["paused"] },
  connectSandbox: { does: "connect to", sandbox: ["ready", "running", "paused"] },
  // Stopping is a transition of the table above; it is allowed from each state.
  deleteSandbox: { does: "delete", sandbox: ["ready", "paused", "stopped", "creating"] },
  statsSandbox: { does: "ask for statistics of", sandbox: ["running"] },
  monitorSandbox: { does: "monitor", sandbox: ["ready", "running", "paused"] },
  setTimeout: { does: "set the timeout of", sandbox: up },
  resizeSandbox: { does: "resize", sandbox: up },
  askGuest: { does: "ask the guest of", sandbox: up },
  connectNetwork: { does: "change the networks of", sandbox: ["ready", "running", "stopped"] },
  createContainer: { does: "create a container in", sandbox: up },
  startContainer: { does: "start", sandbox: ["running"], container: ["ready", "stopped"] },
  pauseContainer: { does: "pause", sandbox: ["running"], container: ["running"] },
  resumeContainer: { does: "resume", sandbox: ["running"], container: ["paused"] },
  stopContainer: {
    does: "stop",
    sandbox: ["ready", "running", "stopped"],
    container: ["creating", "ready", "running", "paused", "stopped"],
  },
  deleteContainer: {
    does: "delete",
    sandbox: ["ready", "running", "stopped"],
    container: ["ready", "stopped", "creating"],
  },
  updateContainer: { does: "update", sandbox: up, container: up },
  statsContainer: {
    does: "ask for statistics of",
    sandbox: ["running"],
    container: ["running", "paused"],
  },
  processListContainer: {
    does: "list the processes of",
    sandbox: ["running"],
    container: ["running", "paused"],
  },
  enterContainer: { does: "run a command in", sandbox: ["running"], container: ["running"] },
  signalProcess: { does: "signal", sandbox: up, container: ["ready", "running", "paused"] },
  waitInSandbox: {
    does: "wait for a process in",
    sandbox: ["ready", "running", "paused", "stopped"],
  },
  waitProcess: {
    does: "wait for",
    sandbox: ["ready", "running", "paused", "stopped"],
    container: ["ready", "running", "paused"],
  },
} as const satisfies Record<string, Rule>;

/** Throws INVALID_STATE, naming both states, unless the operation works in the state of the sandbox, and of the container. */
export function assertAllowed(
  operation: keyof typeof rules,
  sandbox: { id: string; state: State },
  container?: { id: string; state: State },
): void {
  const rule: Rule = rules[operation];
  const { id, state } = sandbox;
  if (container === undefined) {
    assertState({ sandboxId: id }, state, rule.does, rule.sandbox);
    return;
  }
  if (!rule.sandbox.includes(state)) {
    throw new VirtError(
      "INVALID_STATE",
      `can't ${rule.does} container ${container.id}: sandbox ${id}, where it is, is ${state}, and must be ${rule.sandbox.join(" or ")}`,
      { sandboxId: id, containerId: container.id, sandboxState: state, hint: hints[state] },
    );
  }
  const whose = { sandboxId: id, containerId: container.id };
  assertState(whose, container.state, rule.does, rule.container ?? []);
}

/** Throws INVALID_STATE unless the state is one of those that the operation works in. */
export function assertState(
  whose: { sandboxId: string; containerId?: string },
  state: State,
  operation: string,
  allowed: readonly State[],
): void {
  if (allowed.includes(state)) return;
  const { sandboxId, containerId } = whose;
  const what = containerId === undefined ? `sandbox ${sandboxId}` : `container ${containerId}`;
  throw new VirtError(
    "INVALID_STATE",
    `can't ${operation} ${what}: it is ${state}, and must be ${allowed.join(" or ")}`,
    {
      ...whose,
      [containerId === undefined ? "sandboxState" : "containerState"]: state,
      hint: hints[state],
    },
  );
}

const hints: Readonly<Record<State, string>> = {
  creating: "Wait until it is created; if its creator was killed, reclaim it.",
  ready: "Start it first.",
  running: "Stop it first.",
  paused: "Resume it first.",
  stopped: "Start it again, or delete it.",
};
