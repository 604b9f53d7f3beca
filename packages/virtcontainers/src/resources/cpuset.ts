import { invalidArgument } from "../errors.ts";

const allowed = "it is a list of CPU numbers and ranges from 0 to 1023, such as 0-2,5";
const most = 1024;

/** The numbers in a list such as `0-2,5`, in order and each once; none in an empty one. INVALID_ARGUMENT. */
export function parseCpuset(text: string, field = "cpus"): number[] {
  const wrong = (): never => {
    throw invalidArgument(field, text, allowed);
  };
  const found = new Set<number>();
  if (text.trim() === "") return [];
  for (const part of text.split(",")) {
    const [, from = "", to = from] = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part) ?? wrong();
    const [first, last] = [Number(from), Number(to)];
    if (first > last || last >= most) wrong();
    for (let cpu = first; cpu <= last; cpu++) found.add(cpu);
  }
  return [...found].sort((a, b) => a - b);
}

/** The shortest list of the same numbers: 0, 1, 2 and 5 are `0-2,5`. */
export function formatCpuset(cpus: Iterable<number>): string {
  const sorted = [...new Set(cpus)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let index = 0; index < sorted.length; index++) {
    const first = sorted[index] ?? 0;
    let last = first;
    while (sorted[index + 1] === last + 1) last = sorted[++index] ?? last;
    parts.push(first === last ? `${first}` : `${first}-${last}`);
  }
  return parts.join(",");
}

/** All CPUs of several lists. */
export function uniteCpusets(lists: Iterable<string>): string {
  return formatCpuset([...lists].flatMap((list) => parseCpuset(list)));
}
