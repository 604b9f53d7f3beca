import { VirtError } from "../errors.ts";

/** The states of a sandbox and of a container; the Go library's, and `creating` for what is not whole yet. */
export type State = "creating" | "ready" | "running" | "paused" | "stopped";

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
    [what === "sandbox" ? "sandboxId" : "containerId"]: id,
    hint: hints[from],
  });
}

/** Throws INVALID_STATE unless the state is one of those that the operation works in. */
export function assertState(
  what: "sandbox" | "container",
  id: string,
  state: State,
  operation: string,
  allowed: readonly State[],
): void {
  if (allowed.includes(state)) return;
  throw new VirtError(
    "INVALID_STATE",
    `can't ${operation} ${what} ${id}: it is ${state}, and must be ${allowed.join(" or ")}`,
    { [what === "sandbox" ? "sandboxId" : "containerId"]: id, hint: hints[state] },
  );
}

const hints: Readonly<Record<State, string>> = {
  creating: "Wait until it is created; if its creator was killed, reclaim it.",
  ready: "Start it first.",
  running: "Stop it first.",
  paused: "Resume it first.",
  stopped: "Start it again, or delete it.",
};
