import type { Context } from "../operation/context.ts";
import { createContext, type VirtContainersOptions } from "./create-context.ts";

let chosen: VirtContainersOptions = {};
let context: Context | undefined;

/** What the short forms Sandbox.create and Sandbox.fetch work with. */
export function defaultContext(): Context {
  context ??= createContext(chosen);
  return context;
}

/** Makes the short forms work with other options: for tests. */
export function useOptions(options: VirtContainersOptions): void {
  chosen = options;
  context = undefined;
}

/** Takes options back, if they are still in use. */
export function forgetOptions(options: VirtContainersOptions): void {
  if (chosen === options) useOptions({});
}
