import * as v from "valibot";

/** The states of a sandbox and of a container; the Go library's, and `creating` for what is not whole yet. */
export type State = "creating" | "ready" | "running" | "paused" | "stopped";

export const StateSchema = v.picklist(["creating", "ready", "running", "paused", "stopped"]);
