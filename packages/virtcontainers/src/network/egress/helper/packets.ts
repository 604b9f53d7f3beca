import { readPackets } from "../../../host/packets/packet-log.ts";
import { blockText } from "../../block.ts";
import type { CompiledRule } from "../compile.ts";
import { logGroup } from "../ruleset/marks.ts";
import type { AuditLog } from "./audit-log.ts";
import type { Gate } from "./gate.ts";

const protocols: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp" };

/** Writes down what the rules of the kernel decide by addresses. */
export function watchPackets(gate: Gate, audit: AuditLog): void {
  readPackets(logGroup, ({ prefix, bytes }) => {
    const [verdict, id = ""] = prefix.split(" ");
    if (verdict !== "allow" && verdict !== "deny") return;
    const { allow, deny } = gate.policy;
    const rule: CompiledRule | undefined = [...allow, ...deny].find(
      (each) => String(each.id) === id,
    );
    audit.write({ verdict, kind: "packet", rule: rule?.text ?? id, ...destination(bytes) });
  });
}

/** From the head of an IP packet. */
export function destination(bytes: Buffer): { address?: string; port?: number; protocol?: string } {
  const version = (bytes[0] ?? 0) >> 4;
  const size = version === 4 ? 20 : 40;
  if ((version !== 4 && version !== 6) || bytes.length < size) return {};
  const number = bytes[version === 4 ? 9 : 6] ?? 0;
  const raw = bytes.subarray(version === 4 ? 16 : 24, version === 4 ? 20 : 40);
  const base = BigInt(`0x${raw.toString("hex")}`);
  const address = blockText({ family: version, base, prefix: version === 4 ? 32 : 128 });
  const at = version === 4 ? ((bytes[0] ?? 0) & 0xf) * 4 : size;
  const protocol = protocols[number] ?? String(number);
  const hasPort = (number === 6 || number === 17) && bytes.length >= at + 4;
  return { address, protocol, ...(hasPort && { port: bytes.readUInt16BE(at + 2) }) };
}
