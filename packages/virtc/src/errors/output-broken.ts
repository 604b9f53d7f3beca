/** This process's own output can't be written any more. */
export class OutputBroken extends Error {
  override readonly name = "OutputBroken";
  readonly brokenPipe: boolean;

  constructor(cause: NodeJS.ErrnoException) {
    super(`can't write the output: ${cause.message}`, { cause });
    this.brokenPipe = cause.code === "EPIPE";
  }
}
