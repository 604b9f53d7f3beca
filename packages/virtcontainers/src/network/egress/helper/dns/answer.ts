import { isIP } from "node:net";
import type { Answer, Packet } from "dns-packet";

/** What a server said of one name and one type, as far as it concerns that name. */
export interface NameAnswer {
  code: "NOERROR" | "NXDOMAIN" | "SERVFAIL";
  /** Records of the type that was asked for, as if they were the name's own. */
  records: NameRecord[];
  ttlSeconds: number;
}

export interface NameRecord {
  type: Answer["type"];
  data: unknown;
}

const codes: Readonly<Record<number, NameAnswer["code"]>> = { 0: "NOERROR", 3: "NXDOMAIN" };
const maxRecords = 64;
const maxChain = 16;
const mostSeconds = 3600;
const emptySeconds = 10;

/** Follows the aliases of a name through an answer; what belongs to no name of that chain is left out. */
export function readAnswer(packet: Packet, name: string, type: string): NameAnswer {
  const code = codes[(packet.flags ?? 0) & 0xf] ?? "SERVFAIL";
  const answers = packet.answers ?? [];
  const seen = new Set([name]);
  let ttlSeconds = mostSeconds;
  let at = name;
  for (let step = 0; step < maxChain && type !== "CNAME"; step += 1) {
    const alias = answers.find((each) => each.type === "CNAME" && small(each.name) === at);
    if (alias?.type !== "CNAME") break;
    at = small(alias.data);
    ttlSeconds = Math.min(ttlSeconds, alias.ttl ?? 0);
    if (seen.has(at)) return { code: "SERVFAIL", records: [], ttlSeconds: 0 };
    seen.add(at);
  }
  const records: NameRecord[] = [];
  for (const answer of answers) {
    if (answer.type !== type || answer.type === "OPT" || small(answer.name) !== at) continue;
    if (!isWhole(answer) || records.length === maxRecords) continue;
    records.push({ type: answer.type, data: answer.data });
    ttlSeconds = Math.min(ttlSeconds, answer.ttl ?? 0);
  }
  if (records.length === 0) ttlSeconds = Math.min(ttlSeconds, emptySeconds);
  return { code, records, ttlSeconds: Math.max(0, ttlSeconds) };
}

export function addressesOf({ records }: NameAnswer): string[] {
  return records.flatMap(({ type, data }) =>
    (type === "A" || type === "AAAA") && typeof data === "string" ? data : [],
  );
}

function isWhole(answer: Answer): boolean {
  if (answer.type === "A") return isIP(answer.data) === 4;
  return answer.type !== "AAAA" || isIP(answer.data) === 6;
}

function small(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
