import { UsageError } from "../../errors/usage.ts";
import { printed } from "./values.ts";

const verb = /%(?<flags>[-0+ ]*)(?<width>\d{1,4})?(?:\.(?<precision>\d{1,3}))?(?<letter>.)/gs;

/** Go's printf with the verbs %s %v %q %d %x %f %t %%. */
export function printf(format: string, args: readonly unknown[]): string {
  let next = 0;
  return format.replace(verb, (whole, ...match) => {
    const { flags = "", width = "0", precision, letter = "" } = groupsOf(match);
    if (letter === "%") return "%";
    if (next >= args.length) throw new UsageError(`--format: printf has no value for ${whole}`);
    const text = written(letter, args[next++], precision);
    if (flags.includes("-")) return text.padEnd(Number(width));
    return text.padStart(Number(width), flags.includes("0") ? "0" : " ");
  });
}

type Groups = Partial<Record<"flags" | "width" | "precision" | "letter", string>>;

/** The named groups come last. */
function groupsOf(match: readonly unknown[]): Groups {
  const groups = match.at(-1);
  return typeof groups === "object" && groups !== null ? groups : {};
}

function written(letter: string, value: unknown, precision: string | undefined): string {
  switch (letter) {
    case "s":
    case "v":
      return precision === undefined ? printed(value) : printed(value).slice(0, Number(precision));
    case "q":
      return JSON.stringify(printed(value));
    case "d":
    case "t":
      return printed(value);
    case "x":
      return typeof value === "number"
        ? value.toString(16)
        : Buffer.from(printed(value)).toString("hex");
    case "f":
      return Number(value).toFixed(Number(precision ?? 6));
    default:
      throw new UsageError(
        `--format: printf knows no %${letter}; it knows %s, %v, %q, %d, %t, %x, %f and %%`,
      );
  }
}
