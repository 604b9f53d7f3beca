import { signalExitCode } from "./interrupted.ts";

/** The guest has not answered a signal that was to end its work. */
export class Unanswered extends Error {
  override readonly name = "Unanswered";
  readonly signal: NodeJS.Signals;
  readonly hint: string;
  readonly exitCode: number;

  constructor(
    signal: NodeJS.Signals,
    hint = "Its command may go on there; `virtc rm -f` with its name ends its VM.",
  ) {
    super(`the guest does not answer ${signal}`);
    this.signal = signal;
    this.hint = hint;
    this.exitCode = signalExitCode(signal);
  }
}
