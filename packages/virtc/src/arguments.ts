/** What the launcher puts before each word, so that Node.js takes none for an option of its own. */
const mark = ":";

/** The words of the command line without the launcher's marks; undefined where it was not the launcher. */
export function argumentsOf(words: readonly string[]): string[] | undefined {
  if (!words.every((word) => word.startsWith(mark))) return undefined;
  return words.map((word) => word.slice(mark.length));
}
