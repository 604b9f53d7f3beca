import { invalidArgument } from "../../../errors.ts";
import { type Column, columns, layouts } from "./columns.ts";

/** What arguments of ps ask for; which processes is not theirs to say, for all of the container are shown. */
export interface PsLayout {
  columns: readonly Column[];
  heads: boolean;
}

/** Flags that choose processes, or that a container's list has anyway. */
const choosing = new Set("eAaxdwN");

/** Understands `-ef`, `aux`, `-o pid,user=OWNER,...`, `-e`, `--no-headers` and their combinations. INVALID_ARGUMENT. */
export function psLayout(args: readonly string[]): PsLayout {
  const own: Column[] = [];
  let layout: readonly Column[] = layouts.short;
  let heads = true;
  const rest = [...(args.length === 0 ? ["-ef"] : args)];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (/^--no-?head(ers|ings?)?$/.test(arg)) heads = false;
    else if (arg.startsWith("--format=")) own.push(...ownColumns(arg.slice("--format=".length)));
    else if (arg.startsWith("--") || arg === "" || arg === "-") throw unknown(arg);
    else {
      const flags = [...arg.replace(/^-/, "")];
      for (let flag = flags.shift(); flag !== undefined; flag = flags.shift()) {
        if (flag === "o") {
          own.push(...ownColumns(flags.length > 0 ? flags.join("") : (rest.shift() ?? "")));
          break;
        }
        if (flag === "f") layout = layouts.full;
        else if (flag === "u" && !arg.startsWith("-")) layout = layouts.user;
        else if (!choosing.has(flag)) throw unknown(arg);
      }
    }
  }
  return { columns: own.length > 0 ? own : layout, heads };
}

/** Names with commas between; a name may be followed by `=` and a head of its own. */
function ownColumns(list: string): Column[] {
  return list.split(/[, ]/).map((entry) => {
    const [name = "", head] = entry.split("=", 2);
    const found = Object.hasOwn(columns, name) ? columns[name] : undefined;
    if (found === undefined) {
      const known = Object.keys(columns).join(", ");
      throw invalidArgument("options.args", name, `columns are ${known}`);
    }
    return head === undefined ? found : { ...found, head };
  });
}

function unknown(arg: string): Error {
  return invalidArgument(
    "options.args",
    arg,
    "arguments are those of ps such as -ef, aux, -e, -o pid,user,args and --no-headers",
  );
}
