import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { formatter } from "../../listing/format.ts";
import { declareFormat } from "../../listing/options.ts";
import type { View } from "../../listing/view.ts";
import { bytes } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { table } from "../../output/table.ts";
import { abortable } from "../../terminal/abortable.ts";
import { examples } from "../examples.ts";
import { diskUsage, type Usage } from "./usage.ts";

const view: View<Usage> = {
  Type: { header: "TYPE", of: ({ type }) => type },
  TotalCount: { header: "TOTAL", of: ({ total }) => `${total}` },
  Active: { header: "ACTIVE", of: ({ active }) => `${active}` },
  Size: { header: "SIZE", of: ({ sizeBytes }) => bytes(sizeBytes) },
  Reclaimable: { header: "RECLAIMABLE", of: reclaimable },
};

export function define(group: Command, context: Context): void {
  const command = group
    .command("df")
    .summary("tell what takes room on this host's disks")
    .description(
      "Tells what images, containers and volumes take on this host's disks, and what of it is used by\n" +
        "nobody. What a container writes to memory takes nothing.",
    )
    .option("--json", "print JSON")
    .action((options: { json?: boolean; format?: string }) => df(options, context));
  declareFormat(command, view).addHelpText(
    "after",
    examples("virtc system df", "virtc system df --format '{{.Type}} {{.Size}}'"),
  );
}

async function df(options: { json?: boolean; format?: string }, context: Context): Promise<void> {
  const format = formatter(options.format, view);
  const library = await context.library();
  const rows = await abortable(context.signals, (signal) => diskUsage(library, signal));
  if (format !== undefined) context.stdout.write(format(rows));
  else if (options.json) context.stdout.write(json(rows));
  else {
    const fields = Object.values(view);
    const cells = rows.map((row) => fields.map(({ of }) => String(of(row))));
    const headers = fields.map(({ header }) => header);
    context.stdout.write(table(headers, cells));
  }
}

function reclaimable({ sizeBytes, reclaimableBytes }: Usage): string {
  if (sizeBytes === 0) return bytes(0);
  return `${bytes(reclaimableBytes)} (${Math.floor((100 * reclaimableBytes) / sizeBytes)}%)`;
}
