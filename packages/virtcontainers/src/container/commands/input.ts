import { Writable } from "node:stream";

/** A stream to what is opened only when something is written to it, or it is ended. */
export function openedLate(open: () => Promise<Writable>): Writable {
  let opening: Promise<Writable> | undefined;
  const opened = (): Promise<Writable> => {
    opening ??= open().then((target) => target.on("error", () => {}));
    return opening;
  };
  const hand = (
    give: (target: Writable, done: (error?: Error | null) => void) => void,
    done: (error?: Error | null) => void,
  ): void => {
    opened().then(
      (target) => give(target, done),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  };
  return new Writable({
    write(chunk: Uint8Array, _encoding, callback) {
      hand((target, done) => target.write(chunk, done), callback);
    },
    final(callback) {
      hand((target, done) => target.end(done), callback);
    },
    destroy(error, callback) {
      // What was opened and not ended stays open in the guest, for another to go on.
      opening?.then((target) => target.destroy()).catch(() => {});
      callback(error);
    },
  });
}
