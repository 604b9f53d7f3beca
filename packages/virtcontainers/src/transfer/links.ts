/** True if a link at `path` leads to something in the copied tree, as far as the names say. */
export function staysInside(path: readonly string[], target: string): boolean {
  if (target === "" || target.startsWith("/") || target.includes("\u0000")) return false;
  let depth = path.length - 1;
  for (const part of target.split("/")) {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    if (depth < 0) return false;
  }
  return true;
}

/**
 * The names that a link at `path` goes through and leaves again by `..`, as paths in the copied tree. Where
 * one of them is itself a link, `..` leads elsewhere than the names say. A link that has none stays inside
 * whatever the other links are: it goes up through folders that it lies in, and then only down.
 */
export function passedThrough(path: readonly string[], target: string): string[][] {
  const here = path.slice(0, -1);
  const passed: string[][] = [];
  let names = 0;
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") {
      here.push(part);
      names++;
      continue;
    }
    if (names > 0) {
      passed.push([...here]);
      names--;
    }
    here.pop();
  }
  return passed;
}
