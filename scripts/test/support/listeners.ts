import { setImmediate } from "node:timers/promises";
import { afterAll } from "vitest";

/** Listeners that are added again and again and never taken away fail the test file that did it. */
const leaks: Error[] = [];
const note = (warning: Error): void => {
  if (warning.name === "MaxListenersExceededWarning") leaks.push(warning);
};
process.on("warning", note);

afterAll(async () => {
  // Warnings are told a little later.
  await setImmediate();
  process.off("warning", note);
  if (leaks[0] !== undefined) throw leaks[0];
});
