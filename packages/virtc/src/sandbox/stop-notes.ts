import { parseSeconds } from "../args/duration.ts";
import { parseSignal } from "../args/signal.ts";

const signalNote = "io.virtcontainers.virtc.stop-signal";
const timeoutNote = "io.virtcontainers.virtc.stop-timeout";

/** How long a container may take to end, unless something else is said. */
const defaultGraceMs = 10_000;

/** What is noted on a container of how it is to be stopped. */
export function stopNotes(options: {
  stopSignal?: string;
  stopTimeout?: string;
}): Record<string, string> {
  const { stopSignal, stopTimeout } = options;
  if (stopSignal !== undefined) parseSignal("--stop-signal", stopSignal);
  if (stopTimeout !== undefined) parseSeconds("--stop-timeout", stopTimeout);
  return {
    ...(stopSignal !== undefined && { [signalNote]: stopSignal }),
    ...(stopTimeout !== undefined && { [timeoutNote]: stopTimeout }),
  };
}

type Noted = { annotations: Readonly<Record<string, string>> };

/** The signal that was noted. */
export function notedSignal({ annotations }: Noted): string | undefined {
  return annotations[signalNote];
}

/** How long to wait: as it was asked for, or as it was noted. */
export function graceOf({ annotations }: Noted, asked: number | undefined): number {
  const noted = annotations[timeoutNote];
  return asked ?? (noted === undefined ? defaultGraceMs : parseSeconds(timeoutNote, noted));
}
