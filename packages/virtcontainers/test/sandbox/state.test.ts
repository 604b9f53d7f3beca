import { describe, expect, test } from "vitest";
import { assertMove, assertState, canMove, type State } from "../../src/sandbox/state.ts";

const states: State[] = ["creating", "ready", "running", "paused", "stopped"];
const allowed: Record<State, State[]> = {
  creating: ["ready", "stopped"],
  ready: ["running", "stopped"],
  running: ["paused", "stopped"],
  paused: ["running", "stopped"],
  stopped: ["running"],
};

describe.each(states)("from %s", (from) => {
  test.each(states)("to %s", (to) => {
    expect(canMove(from, to)).toBe(allowed[from].includes(to));
    const move = (): void => assertMove("sandbox", "sb1", from, to);
    if (allowed[from].includes(to)) expect(move).not.toThrow();
    else expect(move).toThrow(expect.objectContaining({ code: "INVALID_STATE", sandboxId: "sb1" }));
  });
});

test("a refused operation names the state and the ones it works in", () => {
  expect(() => assertState("container", "c1", "stopped", "signal", ["ready", "running"])).toThrow(
    "can't signal container c1: it is stopped, and must be ready or running",
  );
});
