const dayS = 24 * 60 * 60;
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** CPU time as `[DD-]HH:MM:SS`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const days = Math.floor(seconds / dayS);
  const hours = Math.floor((seconds % dayS) / 3600);
  const rest = `${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${two(days)}-${rest}` : rest;
}

/** CPU time as `M:SS`. */
export function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

/** A span as `[[DD-]HH:]MM:SS`. */
export function elapsed(seconds: number): string {
  const text = clock(Math.max(0, seconds) * 1000);
  return text.startsWith("00:") ? text.slice(3) : text;
}

/** The time of day in UTC, as guests have it. */
export function timeOfDay(seconds: number): string {
  return dateOf(seconds).toISOString().slice(11, 19);
}

/** The time of a start of the last day, else its date, in UTC. */
export function startTime(seconds: number, nowS: number): string {
  if (nowS - seconds < dayS) return timeOfDay(seconds).slice(0, 5);
  const date = dateOf(seconds);
  return `${months[date.getUTCMonth()]}${two(date.getUTCDate())}`;
}

/** The guest tells the time, so it may be anything. */
function dateOf(seconds: number): Date {
  return new Date(seconds * 1000 < 8.64e15 ? seconds * 1000 : 0);
}
