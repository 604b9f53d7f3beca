/** Commands that docker has and that are another one here; null where there is none. */
export const dockerWords: Readonly<Record<string, string | null>> = {
  build: null,
  commit: null,
  diff: null,
  export: "virtc cp NAME:/ -",
  history: null,
  images: "virtc image ls",
  import: "virtc image import",
  info: "virtc check",
  load: "virtc image import",
  login: null,
  logout: null,
  pull: "virtc image pull",
  push: null,
  rename: null,
  rmi: "virtc image rm",
  save: null,
  search: null,
  system: "virtc gc",
  tag: null,
};

/** What docker's word is here: a command, null for none; undefined where it is no word of docker's. */
export function dockerWord(word: string): string | null | undefined {
  return Object.hasOwn(dockerWords, word) ? dockerWords[word] : undefined;
}
