/** Commands that docker has and that are another one here; null where there is none. */
export const dockerWords: Readonly<Record<string, string | null>> = {
  info: "virtc check",
  system: "virtc gc",
};

/** What docker's word is here: a command, null for none; undefined where it is no word of docker's. */
export function dockerWord(word: string): string | null | undefined {
  return Object.hasOwn(dockerWords, word) ? dockerWords[word] : undefined;
}
