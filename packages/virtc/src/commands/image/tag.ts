import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { examples } from "../examples.ts";
import { pathOf } from "../path-of.ts";

export function define(group: Command, context: Context): void {
  const command = pathOf(group, "tag");
  group
    .command("tag")
    .summary("give an image one more name")
    .description("Gives an image one more name; an image that has the name loses it.")
    .argument("<image>", "name or digest")
    .argument("<name>", "the further name, such as registry.example.com/team/app:1")
    .action(async (image: string, name: string) => {
      await (await context.library()).images.tag(image, name);
    })
    .addHelpText(
      "after",
      examples(`${command} busybox tools:1`, `${command} busybox 127.0.0.1:5000/tools:1`),
    );
}
