import type { Input } from "../context.ts";

const ctrlC = 0x03;
const letters = Buffer.from("qQ");

/** Calls `quit` when q or Ctrl-C is typed; gives a function that hands the terminal back, also run at exit. */
export function onQuitKey(input: Input, quit: () => void): () => void {
  if (!input.isTTY) return () => {};
  const take = (typed: Uint8Array): void => {
    if (typed.some((byte) => byte === ctrlC || letters.includes(byte))) quit();
  };
  const restore = (): void => {
    process.off("exit", restore);
    input.off("data", take).pause();
    input.setRawMode?.(false);
  };
  input.setRawMode?.(true);
  input.on("data", take);
  process.on("exit", restore);
  return restore;
}
