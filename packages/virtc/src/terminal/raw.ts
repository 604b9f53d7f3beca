import type { Context, Output } from "../context.ts";

/** Hands every key to the container; gives a function that restores the terminal, also run at exit. */
export function rawMode({ stdin: input, rawOutput }: Context): () => void {
  input.setRawMode?.(true);
  rawOutput();
  const restore = (): void => {
    process.off("exit", restore);
    input.setRawMode?.(false);
  };
  process.on("exit", restore);
  return restore;
}

/** Size of the terminal that the output goes to. */
export function terminalSize(output: Output): { rows: number; columns: number } {
  return { rows: output.rows || 24, columns: output.columns || 80 };
}

/** Tells every change of the terminal's size; gives a function that ends it. */
export function followSize(
  context: Pick<Context, "stdout">,
  changed: (size: { rows: number; columns: number }) => void,
): () => void {
  const onResize = (): void => changed(terminalSize(context.stdout));
  context.stdout.on("resize", onResize);
  return () => context.stdout.off("resize", onResize);
}
