import type { Command } from "commander";
import { readBounded } from "../../args/read-bounded.ts";
import type { Context } from "../../context.ts";
import { UsageError } from "../../errors/usage.ts";
import { abortable } from "../../terminal/abortable.ts";
import { ask } from "../../terminal/ask.ts";
import { examples } from "../examples.ts";
import { dockerHub } from "./registry.ts";

interface LoginOptions {
  username?: string;
  password?: string;
  passwordStdin?: boolean;
}

/** More than any password. */
const largestPassword = 1024 ** 2;

export function define(program: Command, context: Context): void {
  program
    .command("login")
    .summary("sign in at a registry")
    .description(
      "Signs in at a registry, and keeps user name and password where docker does: with the credential helper\n" +
        "of its config.json, else in that file. docker, podman and skopeo know them then, too.",
    )
    .argument("[registry]", "host of the registry, with port (default: docker.io)")
    .option("-u, --username <name>", "user name; asked for on a terminal")
    .option(
      "-p, --password <password>",
      "password; others on this host can see it: better the next one",
    )
    .option("--password-stdin", "read the password from standard input")
    .action(async (registry: string | undefined, options: LoginOptions) => {
      await login(registry ?? dockerHub, options, context);
    })
    .addHelpText(
      "after",
      examples(
        "virtc login registry.example.com:5000",
        "cat token | virtc login -u alice --password-stdin registry.example.com",
      ),
    );
}

async function login(registry: string, options: LoginOptions, context: Context): Promise<void> {
  const credentials = await read(options, context);
  const { images } = await context.library();
  const kept = await abortable(context.signals, (signal) =>
    images.login(registry, { ...credentials, signal }),
  );
  if ("file" in kept) {
    context.stderr.write(
      `virtc: the password stands unencrypted in ${kept.file}; a credential helper (credsStore in that file) keeps it better\n`,
    );
  }
  context.stdout.write("Login Succeeded\n");
}

async function read(
  options: LoginOptions,
  context: Context,
): Promise<{ username: string; password: string }> {
  const { username, password, passwordStdin } = options;
  if (password !== undefined && passwordStdin) {
    throw new UsageError("--password can't be used with --password-stdin");
  }
  if (passwordStdin) {
    if (username === undefined) throw new UsageError("--password-stdin needs --username too");
    const text = await readBounded("--password-stdin", "it", context.stdin, largestPassword);
    return { username, password: text.replace(/\r?\n$/, "") };
  }
  if (password !== undefined) {
    context.stderr.write(
      "virtc: --password shows the password to others on this host; use --password-stdin\n",
    );
  }
  const missing = username === undefined || password === undefined;
  if (missing && !context.stdin.isTTY) {
    throw new UsageError(
      "user name and password can only be asked for on a terminal",
      "Give them with --username NAME --password-stdin.",
    );
  }
  return {
    username: username ?? (await ask("Username: ", context)),
    password: password ?? (await ask("Password: ", context, true)),
  };
}
