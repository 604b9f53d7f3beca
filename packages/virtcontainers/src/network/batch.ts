import { VirtError } from "../errors.ts";
import type { NetworkWork } from "./work.ts";

/** Does several things with one run of `ip` or `tc`. HOST_FAILED names the line that was refused. */
export async function batch(
  { host, network, signal }: Pick<NetworkWork, "host" | "network" | "signal">,
  tool: "ip" | "tc",
  lines: readonly string[],
): Promise<void> {
  const input = lines.map((line) => `${line}\n`).join("");
  const options = { input, signal };
  const { code, stderr } = await host.network.run(
    network.netns.path,
    tool,
    ["-batch", "-"],
    options,
  );
  if (code === 0) return;
  const number = /Command failed -:(\d+)/.exec(stderr)?.[1];
  const line = lines[Number(number) - 1] ?? tool;
  const why = stderr.replace(/\s*Command failed -:\d+\s*/, "").trim();
  throw new VirtError("HOST_FAILED", `${tool} ${line}: ${why}`, {
    hint: `Look what is in the namespace: nsenter --net=${network.netns.path} ${tool} -s ${tool === "ip" ? "link" : "qdisc"}`,
  });
}
