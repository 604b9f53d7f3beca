/** A mistake on the command line: one sentence, and what to do about it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** A wrong value of an option, in the same words as the library's errors. */
export function badValue(option: string, value: string, allowed: string): UsageError {
  const shown = JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value);
  return new UsageError(`${option}: ${shown} is not allowed; ${allowed}`);
}
