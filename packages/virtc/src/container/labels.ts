/** Notes of this command line's own, which are no labels of the user's. */
const own = "io.virtcontainers.virtc.";

/** The labels of a sandbox or container: what is written on it, but for what virtc itself notes there. */
export function labelsOf({
  annotations,
}: {
  annotations: Readonly<Record<string, string>>;
}): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => !name.startsWith(own)));
}
