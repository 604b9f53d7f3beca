/** A text as one word of a POSIX shell, which takes nothing in it for anything but itself. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
