import { arch, cpus, hostname, release, totalmem, type } from "node:os";
import type { Command } from "commander";
import type { Context } from "../../context.ts";
import { oneFormatter } from "../../listing/format.ts";
import { memory } from "../../output/human.ts";
import { json } from "../../output/json.ts";
import { version } from "../../version.ts";
import { examples } from "../examples.ts";
import { guestVersions } from "../version/guest-versions.ts";

/** Called as docker calls them, where it has them. */
interface Info {
  ServerVersion: string;
  Containers: number;
  ContainersRunning: number;
  ContainersPaused: number;
  ContainersStopped: number;
  Images: number;
  Volumes: number;
  Networks: number;
  /** Of this host; that of a guest is `GuestKernelVersion`. */
  KernelVersion: string;
  GuestKernelVersion: string;
  OSType: string;
  Architecture: string;
  NCPU: number;
  MemTotal: number;
  Name: string;
}

export function define(group: Command, context: Context): void {
  group
    .command("info")
    .summary("tell what is on this host, and what the host is")
    .description(
      "Tells how many containers, images, volumes and networks are on this host, and what the host is.\n" +
        "`virtc check` tells what it can do.",
    )
    .option("--json", "print JSON")
    .option("--format <template>", "print by a template: json, or {{.Images}}")
    .action((options: { json?: boolean; format?: string }) => info(options, context))
    .addHelpText("after", examples("virtc info", "virtc info --format '{{.ContainersRunning}}'"));
}

async function info(options: { json?: boolean; format?: string }, context: Context): Promise<void> {
  const format = options.format === undefined ? undefined : oneFormatter(options.format);
  const found = await collect(context);
  if (format !== undefined) context.stdout.write(format(found));
  else context.stdout.write(options.json ? json(found) : text(found));
}

async function collect(context: Context): Promise<Info> {
  const library = await context.library();
  const [sandboxes, images, volumes, networks, guest] = await Promise.all([
    library.listSandbox(),
    library.images.list(),
    library.volumes.list(),
    library.networks.list(),
    guestVersions(context),
  ]);
  const states = sandboxes.flatMap(({ containersStatus }) =>
    containersStatus.map(({ state }) => state),
  );
  const count = (...wanted: string[]): number =>
    states.filter((state) => wanted.includes(state)).length;
  return {
    ServerVersion: version,
    Containers: states.length,
    ContainersRunning: count("running"),
    ContainersPaused: count("paused"),
    ContainersStopped: states.length - count("running", "paused"),
    Images: images.length,
    Volumes: volumes.length,
    Networks: networks.length,
    KernelVersion: release(),
    GuestKernelVersion: guest.kernel ?? "",
    OSType: type().toLowerCase(),
    Architecture: arch() === "x64" ? "x86_64" : arch(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    Name: hostname(),
  };
}

function text(found: Info): string {
  const lines: [string, string | number][] = [
    ["Containers", found.Containers],
    [" Running", found.ContainersRunning],
    [" Paused", found.ContainersPaused],
    [" Stopped", found.ContainersStopped],
    ["Images", found.Images],
    ["Volumes", found.Volumes],
    ["Networks", found.Networks],
    ["Version", found.ServerVersion],
    ["Guest Kernel", found.GuestKernelVersion || "not installed"],
    ["Kernel Version", found.KernelVersion],
    ["OSType", found.OSType],
    ["Architecture", found.Architecture],
    ["CPUs", found.NCPU],
    ["Total Memory", memory(found.MemTotal)],
    ["Name", found.Name],
  ];
  return lines.map(([name, value]) => `${name}: ${value}\n`).join("");
}
