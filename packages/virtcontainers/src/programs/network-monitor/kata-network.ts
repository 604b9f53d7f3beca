import { readFileSync } from "node:fs";
import type { VirtContainers } from "../../api/virtcontainers.ts";
import { fromInterface, fromRoute, readInterface, readRoutes } from "./go-names.ts";

type Command = (vc: VirtContainers, sandboxId: string, input: () => string) => Promise<unknown>;

/** As the runtime of the Go library has them. */
const commands: Readonly<Record<string, Command>> = {
  "add-iface": async (vc, id, input) =>
    fromInterface(await vc.addInterface(id, readInterface(input()))),
  "del-iface": async (vc, id, input) => {
    const removed = await vc.removeInterface(id, readInterface(input()));
    return removed && fromInterface(removed);
  },
  "list-ifaces": async (vc, id) => (await vc.listInterfaces(id)).map(fromInterface),
  "update-routes": async (vc, id, input) =>
    (await vc.updateRoutes(id, readRoutes(input()))).map(fromRoute),
  "list-routes": async (vc, id) => (await vc.listRoutes(id)).map(fromRoute),
};

/** Does what a monitor of another program asks for: `kata-network COMMAND SANDBOX [FILE|-]`. Prints the result in JSON. */
export async function kataNetwork(vc: VirtContainers, args: readonly string[]): Promise<void> {
  const [name = "", sandboxId = "", file] = args;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined)
    throw new Error(
      `kata-network has no command ${name}: it has ${Object.keys(commands).join(", ")}`,
    );
  const input = (): string => {
    if (file === undefined) throw new Error(`kata-network ${name} needs a file, or -`);
    return readFileSync(file === "-" ? 0 : file, "utf8");
  };
  const result = await command(vc, sandboxId, input);
  process.stdout.write(`${JSON.stringify(result ?? null)}\n`);
}
