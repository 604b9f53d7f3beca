import { describe, expect, test } from "vitest";
import type { State } from "../../src/config/state.ts";
import {
  assertAllowed,
  assertMove,
  assertState,
  canMove,
  rules,
} from "../../src/operation/state.ts";

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
  const refused = () =>
    assertState({ sandboxId: "sb1", containerId: "c1" }, "stopped", "signal", ["ready", "running"]);
  expect(refused).toThrow("can't signal container c1: it is stopped, and must be ready or running");
  expect(refused).toThrow(
    expect.objectContaining({ sandboxId: "sb1", containerId: "c1", containerState: "stopped" }),
  );
  expect(() => assertState({ sandboxId: "sb1" }, "paused", "stat", ["running"])).toThrow(
    expect.objectContaining({ sandboxState: "paused", containerState: undefined }),
  );
});

const operations = Object.keys(rules) as (keyof typeof rules)[];

describe.each(operations)("%s", (operation) => {
  const rule: { sandbox: readonly State[]; container?: readonly State[] } = rules[operation];
  const pairs = states.flatMap((sandbox) =>
    (rule.container === undefined ? [undefined] : states).map((container) => ({
      sandbox,
      container,
    })),
  );

  test.each(pairs)("with a sandbox $sandbox and a container $container", (pair) => {
    const sandbox = { id: "sb1", state: pair.sandbox };
    const container = pair.container && { id: "c1", state: pair.container };
    const act = (): void => assertAllowed(operation, sandbox, container);
    const sandboxFits = rule.sandbox.includes(pair.sandbox);
    const fits = pair.container === undefined || rule.container?.includes(pair.container);
    if (sandboxFits && fits) return expect(act).not.toThrow();
    const [is, must] = sandboxFits
      ? [pair.container, rule.container]
      : [pair.sandbox, rule.sandbox];
    const message = expect.stringContaining(`is ${is}, and must be ${must?.join(" or ")}`);
    expect(act).toThrow(
      expect.objectContaining({ code: "INVALID_STATE", message, hint: expect.any(String) }),
    );
  });
});
