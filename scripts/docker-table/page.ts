import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { buildProgram } from "../../packages/virtc/src/cli.ts";
import { ofProgram } from "../../packages/virtc/src/commands/container/of-program.ts";
import {
  missingCommands,
  missingRunOptions,
} from "../../packages/virtc/src/errors/docker-missing.ts";
import reference from "./reference.json" with { type: "json" };
import { commands, runOptions, type Verdict } from "./verdicts.ts";

/** One word of docker's, and what it is here. */
export interface Row {
  word: string;
  state: "same" | "differs" | "there" | "missing";
  text: string;
}

/** The commands of docker, and the options of its `run`. */
export interface Tables {
  commands: Row[];
  runOptions: Row[];
}

/** What is looked at of a definition. */
interface Defined {
  name(): string;
  aliases(): readonly string[];
  readonly commands: readonly Defined[];
  readonly options: readonly { long?: string | undefined }[];
}

/** Compares docker's words with what virtc defines. */
export async function tables(): Promise<Tables> {
  const program = await buildProgram({
    ...{ env: {}, cwd: "/", stdin: new PassThrough(), stdout: new PassThrough() },
    ...{ stderr: new PassThrough(), signals: new EventEmitter(), logLevel: undefined, exitCode: 0 },
    rawOutput() {},
    library: () => Promise.reject(new Error("the definitions need no library")),
  });
  const run = below(program, "run");
  const options = new Set(run?.options.map(({ long }) => long?.replace(/^--/, "")));
  options.add("help");
  return {
    commands: [...reference.commands, ...reference.subcommands].map((word) => {
      const found = word.split(" ").reduce<Defined | undefined>(below, program);
      return rowOf(word, found !== undefined, verdictOf(word), whyMissing(word));
    }),
    runOptions: reference.runOptions.map((word) =>
      rowOf(`--${word}`, options.has(word), runOptions[word], missingRunOptions[word]),
    ),
  };
}

function below(command: Defined | undefined, name: string): Defined | undefined {
  return command?.commands.find((one) => [one.name(), ...one.aliases()].includes(name));
}

/** What is the same below `container` is as it is without. */
function verdictOf(word: string): Verdict | undefined {
  const [group, name = ""] = word.split(" ");
  return group === "container" && Object.hasOwn(ofProgram, name) ? commands[name] : commands[word];
}

function whyMissing(word: string): string | undefined {
  return missingCommands[word.split(" ").at(-1) ?? ""];
}

function rowOf(
  word: string,
  there: boolean,
  verdict: Verdict | undefined,
  why = "not there yet",
): Row {
  if (!there) return { word, state: "missing", text: why };
  if (verdict === undefined) return { word, state: "there", text: "" };
  if ("differs" in verdict) return { word, state: "differs", text: verdict.differs };
  const [file] = verdict.same;
  return { word, state: "same", text: `[test](../${file})` };
}

/** The page of documentation. */
export async function page(): Promise<string> {
  const { commands: words, runOptions: options } = await tables();
  return `# Coming from docker

What you type for docker you type for \`virtc\`: it runs the same images, each container in a VM of its own, without a
daemon. This page has all of docker's commands and all options of \`docker run\`. *Same* means that a test holds it; those
of \`test/podman.test.ts\` make the same calls of podman, too. *Differs* says in what, *there* that nobody has compared it yet,
*missing* why, and what to use. The page is made by \`npm run generate:docker-table\` from docker's words
(\`scripts/docker-table/reference.json\`) and the definitions of \`virtc\`.

What is another way all through: a failure of \`virtc\` itself has exit code 125, as with podman, where docker has 1 for
commands other than \`run\`; a container is called by its name, and has no id beside it; sizes of \`run\` are those of
the VM. See [virtc](virtc.md), [images](images.md), [volumes](volumes.md) and [networking](networking.md).

## Commands

${table("docker", words)}

## Options of run

${table("docker run", options)}
`;
}

function table(head: string, rows: readonly Row[]): string {
  const lines = rows.map(
    ({ word, state, text }) => `| \`${word}\` | ${state} | ${text.replaceAll("|", "\\|")} |`,
  );
  return [`| ${head} | | |`, "|---|---|---|", ...lines].join("\n").replaceAll("|  |", "| |");
}
