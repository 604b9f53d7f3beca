import { labelField, labelsLine, shortened, type View } from "../../listing/view.ts";
import { portsLine } from "../../network/ports.ts";
import { since } from "../../output/human.ts";
import type { FullRow } from "./rows.ts";

const commandLength = 30;

/** What templates can name of a row of `ps`: the fields that docker's has. */
export function psView(trunc: boolean): View<FullRow> {
  const cut = (text: string): string => (trunc ? shortened(text, commandLength) : text);
  return {
    ID: { header: "CONTAINER ID", of: ({ sandbox }) => sandbox },
    Names: { header: "NAMES", of: nameOf },
    Image: { header: "IMAGE", of: ({ image }) => image ?? "" },
    Command: { header: "COMMAND", of: ({ command }) => `"${cut(command.join(" "))}"` },
    CreatedAt: { header: "CREATED AT", of: ({ createdAt }) => createdAt },
    RunningFor: { header: "CREATED", of: ({ createdAt }) => `${since(createdAt)} ago` },
    State: { header: "STATE", of: stateOf },
    Status: { header: "STATUS", of: statusText },
    ExitCode: { header: "EXIT CODE", of: ({ exitCode }) => exitCode ?? 0 },
    Health: { header: "HEALTH", of: ({ health }) => health ?? "" },
    Ports: { header: "PORTS", of: ({ ports }) => portsLine(ports) },
    Labels: { header: "LABELS", of: ({ labels }) => labelsLine(labels) },
    Label: labelField(({ labels }) => labels),
    Mounts: {
      header: "MOUNTS",
      of: ({ mounts }) => mounts.map(({ source, destination }) => source ?? destination).join(","),
    },
    LocalVolumes: {
      header: "LOCAL VOLUMES",
      of: ({ mounts }) => `${mounts.filter(({ type }) => type === "volume").length}`,
    },
    Networks: { header: "NETWORKS", of: ({ networks }) => networks.join(",") },
    Sandbox: { header: "SANDBOX", of: ({ sandbox }) => sandbox },
    Container: { header: "CONTAINER", of: ({ container }) => container ?? "" },
  };
}

/** One of several containers of a sandbox is called after it too. */
export function nameOf({ sandbox, container }: FullRow): string {
  return container === null || container === sandbox ? sandbox : `${sandbox}/${container}`;
}

const states = {
  creating: "created",
  ready: "created",
  running: "running",
  paused: "paused",
  stopped: "exited",
} as const satisfies Record<FullRow["state"], string>;

/** The states as docker calls them. */
export const stateWords = [...new Set<string>(Object.values(states))];

export function stateOf({ state }: FullRow): string {
  return states[state];
}

function healthText(health: NonNullable<FullRow["health"]>): string {
  return health === "starting" ? "health: starting" : health;
}

/** As docker's: `Up 5 minutes (healthy)`, `Up 5 minutes`, `Exited (0) 3 seconds ago`. */
export function statusText(row: FullRow): string {
  const up = `Up ${since(row.startedAt ?? row.createdAt)}`;
  if (row.state === "running")
    return row.health === null ? up : `${up} (${healthText(row.health)})`;
  if (row.state === "paused") return `${up} (Paused)`;
  if (row.state !== "stopped") return "Created";
  const code = row.exitCode === null ? "" : ` (${row.exitCode})`;
  return `Exited${code}${row.exitedAt === null ? "" : ` ${since(row.exitedAt)} ago`}`;
}
