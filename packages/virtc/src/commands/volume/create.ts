import { type Command, Option } from "commander";
import type { VolumeOptions } from "virtcontainers";
import { parseAnnotations } from "../../args/annotations.ts";
import { collect } from "../../args/collect.ts";
import { parseMiB } from "../../args/size.ts";
import type { Context } from "../../context.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";

interface CreateOptions {
  driver?: "folder" | "ext4";
  size?: string;
  label: string[];
  json?: boolean;
}

/** The limits of the library's sizeMiB. */
const sizes = [16, 16 * 1024 ** 2] as const;

export function define(group: Command, context: Context): void {
  group
    .command("create")
    .summary("make a volume")
    .description(
      "Makes an empty volume and prints its name. A folder can be used by several containers at\n" +
        "once and needs root; an ext4 volume is a disk of its own, used by one at once.",
    )
    .argument("[volume]", "name (default: 12 random hex digits)")
    .addOption(
      new Option("--driver <driver>", "folder (root's default) or ext4").choices([
        "folder",
        "ext4",
      ]),
    )
    .option("--size <size>", "size of an ext4 volume, such as 10g (default: 1g)")
    .option("--label <key=value>", "attach a note to the volume", collect, [])
    .option("--json", "print the volume as JSON")
    .action(async (name: string | undefined, options: CreateOptions) => {
      const { volumes } = await context.library();
      const volume = await volumes.create(volumeOptions(name, options));
      context.stdout.write(options.json ? json(volume) : `${volume.name}\n`);
    })
    .addHelpText(
      "after",
      examples("virtc volume create data", "virtc volume create --driver ext4 --size 10g disk"),
    );
}

function volumeOptions(name: string | undefined, options: CreateOptions): VolumeOptions {
  const { driver, size, label } = options;
  return {
    name,
    driver: driver ?? (size === undefined ? undefined : "ext4"),
    sizeMiB: size === undefined ? undefined : parseMiB("--size", size, ...sizes),
    labels: parseAnnotations("--label", label),
  };
}
