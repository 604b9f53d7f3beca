import { randomUUID } from "node:crypto";
import type { AgentClient } from "./agent-client.ts";

/** What a command of the guest itself prints, run by its console. */
export async function guestShell(client: AgentClient, script: string): Promise<string> {
  const process = { containerId: "", execId: `console-${randomUUID()}` };
  const args = ["sh", "-c", script];
  await client.agent.execProcess({ ...process, process: { Args: args } });
  let text = "";
  let offset = 0n;
  for (;;) {
    const read = await client.extension.readOutput({ ...process, stream: 1, offset, len: 65_536 });
    text += Buffer.from(read.data).toString();
    offset += BigInt(read.data.length);
    if (read.eof) break;
  }
  await client.agent.waitProcess(process);
  return text.replaceAll("\r\n", "\n");
}
