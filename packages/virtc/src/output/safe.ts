/** Control characters but tabs and line feeds, and what changes the direction of writing or breaks lines. */
export const steering =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text from a guest, an image or a file, without what could steer the terminal. */
export function safe(text: string): string {
  return text.replace(steering, "\ufffd");
}

/** As `safe`, on one line. */
export function safeLine(text: string): string {
  return safe(text).replace(/[\t\n]/g, " ");
}
