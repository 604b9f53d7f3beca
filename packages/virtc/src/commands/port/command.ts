import type { Command } from "commander";
import type { PortMapping } from "virtcontainers";
import type { Context } from "../../context.ts";
import { badValue, UsageError } from "../../errors/usage.ts";
import { containerSide, hostAddress } from "../../network/ports.ts";
import { json } from "../../output/json.ts";
import { examples } from "../examples.ts";

export function define(program: Command, context: Context): void {
  program
    .command("port")
    .summary("tell the ports of the host that lead to a container")
    .description(
      "Tells which ports of the host lead to a container. With one of the container's ports, such as 80 or\n" +
        "53/udp, it tells only where that one is reached.",
    )
    .argument("<container>", "name of the container")
    .argument("[port]", "port of the container, as PORT or PORT/PROTOCOL")
    .option("--json", "print JSON")
    .action(async (name: string, port: string | undefined, options: { json?: boolean }) => {
      const { ports } = await (await context.library()).statusSandbox(name);
      const chosen = port === undefined ? ports : only(name, ports, port);
      if (options.json) context.stdout.write(json(chosen));
      else context.stdout.write(chosen.map((one) => line(one, port !== undefined)).join(""));
    })
    .addHelpText("after", examples("virtc port web", "virtc port web 80", "virtc port dns 53/udp"));
}

function line(port: PortMapping, alone: boolean): string {
  return `${alone ? "" : `${containerSide(port)} -> `}${hostAddress(port)}\n`;
}

function only(name: string, ports: readonly PortMapping[], text: string): PortMapping[] {
  if (!/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(text))
    throw badValue("the port", text, "it must be a port of the container, such as 80 or 53/udp");
  const wanted = text.includes("/") ? text : `${text}/tcp`;
  const found = ports.filter((port) => containerSide(port) === wanted);
  if (found.length > 0) return found;
  throw new UsageError(
    `no port of this host leads to ${wanted} of ${name}`,
    `\`virtc port ${name}\` lists those that do.`,
  );
}
