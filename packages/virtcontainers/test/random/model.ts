import type { Call } from "./history.ts";

/** A sandbox as the model knows it: its state, and the annotations that it has; undefined if there is none. */
type Model = { state: string; keys: string } | undefined;

/** What is done in one moment; undefined where the model does not allow it. */
type Step = (model: Model) => Model | "no";

interface Action {
  call: Call;
  /** After this it must not take place. */
  until: number;
  /** It may also never take place. */
  optional: boolean;
  step: Step;
}

/** What may have been done in part by a call that failed in such a way may take effect at any time after it began. */
const uncertain = new Set([
  "TIMEOUT",
  "CANCELED",
  "BUSY",
  "HOST_FAILED",
  "HYPERVISOR_FAILED",
  "BOOT_FAILED",
  "SANDBOX_DEAD",
  "AGENT_ERROR",
]);

const moveTo =
  (to: string, from: readonly string[]): Step =>
  (model) =>
    model !== undefined && from.includes(model.state) ? { ...model, state: to } : "no";
const made =
  (state: string): Step =>
  (model) =>
    model === undefined ? { state, keys: "" } : "no";
const gone: Step = (model) => (model === undefined ? "no" : undefined);
const any = ["creating", "ready", "running", "paused", "stopped"];

const addKey =
  (key: string): Step =>
  (model) =>
    model === undefined
      ? "no"
      : {
          ...model,
          keys: [...new Set([...model.keys.split(","), key])].filter(Boolean).sort().join(),
        };

/** The steps that a call may consist of, in their order. */
function stepsOf({ verb, key = "" }: Call): readonly Step[] {
  switch (verb) {
    case "create":
      return [made("creating"), moveTo("ready", ["creating"])];
    case "run":
      return [made("creating"), moveTo("ready", ["creating"]), moveTo("running", ["ready"])];
    case "start":
      return [moveTo("ready", ["ready", "stopped"]), moveTo("running", ["ready"])];
    case "stop":
    case "die":
      return [moveTo("stopped", any)];
    case "pause":
      return [moveTo("paused", ["running"])];
    case "resume":
      return [moveTo("running", ["paused"])];
    case "delete":
      return [gone];
    case "annotate":
      return [addKey(key)];
    default:
      return [];
  }
}

/** What a call that failed may leave beside a part of its steps: it undoes, and stops what it can't start. */
function undoingOf({ verb }: Call): readonly Step[] {
  // Its VM goes first, and who looks then sees that.
  if (verb === "create" || verb === "run") return [moveTo("stopped", any), gone];
  if (verb === "start") return [moveTo("stopped", any)];
  if (verb === "pause") return [moveTo("running", ["paused"])];
  if (verb === "delete") return [moveTo("stopped", any)];
  return [];
}

/** What a look shows, of a sandbox that nobody is in the middle of making. */
function seen({ state = "absent", keys = [] }: Call): Step {
  const wanted = [...keys].sort().join();
  return (model) => {
    if (model === undefined) return state === "absent" || state === "creating" ? model : "no";
    return model.state === state && model.keys === wanted ? model : "no";
  };
}

/** A forced delete also takes away what was never whole, or is on its way out. */
const swept: Step = () => undefined;

/** True for a call that may have left a part of a sandbox behind. */
function mayLeave({ verb, began, outcome }: Call, by: number): boolean {
  if (verb !== "create" && verb !== "run" && verb !== "delete") return false;
  return began < by && (outcome === undefined || uncertain.has(outcome));
}

function actionsOf(calls: readonly Call[]): Action[] {
  return calls.flatMap((call) => {
    const { verb, ended = Number.POSITIVE_INFINITY, outcome } = call;
    const all = Number.POSITIVE_INFINITY;
    const sure = (step: Step): Action => ({ call, until: ended, optional: false, step });
    const perhaps = (step: Step): Action => ({ call, until: all, optional: true, step });
    // A VM's death is seen by whoever looks next.
    if (verb === "die") return stepsOf(call).map(perhaps);
    if (outcome === undefined || uncertain.has(outcome))
      return [...stepsOf(call), ...undoingOf(call)].map(perhaps);
    if (outcome === "ok") {
      if (verb === "list") return [sure(seen(call))];
      if (verb !== "delete") return stepsOf(call).map(sure);
      // One that is not running is stopped first.
      const stop = perhaps(moveTo("stopped", any));
      return [stop, sure(calls.some((other) => mayLeave(other, ended)) ? swept : gone)];
    }
    if (outcome === "SANDBOX_NOT_FOUND")
      return [sure((model) => (model === undefined ? model : "no"))];
    // A start that fails for another reason leaves the sandbox stopped.
    return undoingOf(call).map(perhaps);
  });
}

/** How many ways are tried before a history counts as too entangled to judge. */
const maxTries = 300_000;

/**
 * True if some order of the calls on one sandbox explains all that was seen (Wing and Gong, with the states that
 * were met before left out); undefined if that is too much to say.
 */
export function isExplained(calls: readonly Call[]): boolean | undefined {
  const actions = actionsOf(calls).sort((a, b) => a.call.began - b.call.began);
  const met = new Set<string>();
  let tries = 0;
  const search = (done: Set<number>, model: Model): boolean => {
    if (++tries > maxTries) return false;
    const open = actions.flatMap((action, index) => (done.has(index) ? [] : [{ action, index }]));
    if (open.every(({ action }) => action.optional)) return true;
    const memo = `${[...done].sort((a, b) => a - b).join()}|${JSON.stringify(model)}`;
    if (met.has(memo)) return false;
    met.add(memo);
    const first = Math.min(...open.filter((o) => !o.action.optional).map((o) => o.action.until));
    for (const { action, index } of open) {
      if (action.call.began > first) break;
      // The parts of one call come in their order.
      if (open.some((o) => o.action.call === action.call && o.index < index && !o.action.optional))
        continue;
      const next = action.step(model);
      if (next === "no") continue;
      if (search(new Set(done).add(index), next)) return true;
    }
    return false;
  };
  const found = search(new Set(), undefined);
  return found || tries <= maxTries ? found : undefined;
}

/** The shortest beginning of a history that nothing explains. */
export function shortest(calls: readonly Call[]): readonly Call[] {
  const byEnd = [...calls].sort((a, b) => (a.ended ?? a.began) - (b.ended ?? b.began));
  for (let length = 1; length <= byEnd.length; length++) {
    const kept = new Set(byEnd.slice(0, length));
    const until = byEnd[length - 1]?.ended ?? Number.POSITIVE_INFINITY;
    // What had begun by then counts, though nobody knew yet how it would end.
    const part = calls.flatMap((call) => {
      if (kept.has(call)) return [call];
      if (call.began > until || call.verb === "list") return [];
      const { ended: _ended, outcome: _outcome, ...begun } = call;
      return [begun];
    });
    if (isExplained(part) === false) return part;
  }
  return calls;
}
