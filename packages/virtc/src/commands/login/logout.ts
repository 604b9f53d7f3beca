import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { safeLine } from "../../output/safe.ts";
import { examples } from "../examples.ts";
import { dockerHub } from "./registry.ts";

export function define(program: Command, context: Context): void {
  program
    .command("logout")
    .summary("forget the password of a registry")
    .description(
      "Forgets user name and password of a registry, where `virtc login` or docker kept them.",
    )
    .argument("[registry]", "host of the registry, with port (default: docker.io)")
    .action(async (registry = dockerHub) => {
      const found = await (await context.library()).images.logout(registry);
      const name = safeLine(registry);
      context.stdout.write(
        found ? `Removing login credentials for ${name}\n` : `Not logged in to ${name}\n`,
      );
    })
    .addHelpText("after", examples("virtc logout registry.example.com:5000"));
}
