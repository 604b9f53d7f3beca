import { setTimeout as wait } from "node:timers/promises";
import { type Command, type Commands, untilKilled } from "./command.ts";
import { shell } from "./shell.ts";

const echo: Command = async ({ args, stdout }) => {
  const bare = args[0] === "-n";
  await stdout.write(`${(bare ? args.slice(1) : args).join(" ")}${bare ? "" : "\n"}`);
  return 0;
};

const cat: Command = async ({ args, cwd, files, stdin, stdout, stderr }) => {
  if (args.length === 0) for await (const chunk of stdin) await stdout.write(chunk);
  let status = 0;
  for (const name of args) {
    const data = files.read(name.startsWith("/") ? name : `${cwd}/${name}`);
    if (data !== undefined) await stdout.write(data);
    else {
      await stderr.write(`cat: can't open '${name}': No such file or directory\n`);
      status = 1;
    }
  }
  return status;
};

const sleep: Command = async ({ args, stderr, signal }) => {
  if (args[0] === "infinity") return await untilKilled(signal);
  const seconds = Number(args[0]);
  if (!(seconds >= 0)) {
    await stderr.write(`sleep: invalid time: ${args[0] ?? ""}\n`);
    return 1;
  }
  await wait(seconds * 1000, undefined, { signal });
  return 0;
};

const env: Command = async ({ env, stdout }) => {
  for (const [name, value] of Object.entries(env)) await stdout.write(`${name}=${value}\n`);
  return 0;
};

const pwd: Command = async ({ cwd, stdout }) => {
  await stdout.write(`${cwd}\n`);
  return 0;
};

/** What every test guest has: echo, cat, sleep, true, false, env, pwd, and `sh` with a little of its language. */
export const builtinCommands = {
  echo,
  cat,
  sleep,
  env,
  pwd,
  true: () => 0,
  false: () => 1,
} satisfies Commands;

/** The first process of a container: it waits, or runs the command that follows `init`. */
function firstProcess(commands: ReadonlyMap<string, Command | "not-executable">): Command {
  return async (run) => {
    const [as, ...argv] = run.args;
    if (as !== "init") return await untilKilled(run.signal);
    const name = argv[0] ?? "";
    const found = commands.get(name.split("/").at(-1) ?? name);
    if (typeof found === "function") return await found({ ...run, args: argv.slice(1), argv });
    const why = found === undefined ? "not found" : "can't be executed";
    await run.stderr.write(`init: ${name}: ${why}\n`);
    return found === undefined ? 127 : 126;
  };
}

/** All programs of a guest, by name. */
export function allCommands(own: Commands): Map<string, Command | "not-executable"> {
  const commands = new Map<string, Command | "not-executable">(Object.entries(builtinCommands));
  commands.set("sh", shell(commands));
  commands.set(".virtcontainers-init", firstProcess(commands));
  for (const [name, command] of Object.entries(own)) commands.set(name, command);
  return commands;
}
