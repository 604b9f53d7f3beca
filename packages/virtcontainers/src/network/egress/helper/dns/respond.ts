import {
  type Answer,
  AUTHENTIC_DATA,
  type DecodedPacket,
  encode,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  TRUNCATED_RESPONSE,
} from "dns-packet";
import { hostNamePattern } from "../../names.ts";
import type { Gate } from "../gate.ts";
import { decodeSafely } from "./ask.ts";

const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
type Code = keyof typeof codes;

/** HTTPS and SVCB tell of addresses and keys past this check, so there are none. */
const forwarded = ["A", "AAAA", "CAA", "CNAME", "MX", "NAPTR", "SRV", "TXT"] as const;

const plainUdpBytes = 512;
const mostUdpBytes = 1232;

/** The answer to a query of the guest; undefined if it is none that could be answered. */
export async function respond(
  gate: Gate,
  bytes: Buffer,
  transport: "udp" | "tcp",
): Promise<Buffer | undefined> {
  const query = decodeSafely(bytes);
  if (query === undefined || query.type !== "query") return undefined;
  const [question, ...more] = query.questions ?? [];
  // What is no name is not said again: it would not be what was asked.
  if (!(query.questions ?? []).every(({ name }) => isName(name))) query.questions = [];
  const give = (code: Code, answers: Answer[] = []): Buffer =>
    encodeFor(query, code, answers, transport);
  if (question === undefined || more.length > 0) return give("FORMERR");
  if (opcodeOf(query) !== 0) return give("NOTIMP");
  const name = question.name.toLowerCase().replace(/\.$/, "");
  const asked = question.class === "IN" || question.class === undefined;
  if (!asked || !gate.mayResolve(name, question.type)) return give("REFUSED");
  const type = forwarded.find((each) => each === question.type);
  if (type === undefined) return give("NOERROR");
  const { code, records, ttlSeconds } = await gate.resolve(name, type);
  const answers = records.map(
    (record) => ({ ...record, name: question.name, ttl: ttlSeconds, class: "IN" }) as Answer,
  );
  return give(code, answers);
}

function isName(text: string): boolean {
  return text === "" || text === "." || hostNamePattern.test(text.toLowerCase().replace(/\.$/, ""));
}

function opcodeOf({ flags = 0 }: DecodedPacket): number {
  return (flags >> 11) & 0xf;
}

function encodeFor(
  { id, questions, additionals }: DecodedPacket,
  code: Code,
  answers: Answer[],
  transport: "udp" | "tcp",
): Buffer {
  const flags = RECURSION_DESIRED | RECURSION_AVAILABLE | codes[code];
  const packet = { type: "response", id: id ?? 0, questions: questions ?? [] } as const;
  const whole = encode({ ...packet, flags: flags & ~AUTHENTIC_DATA, answers });
  const option = additionals?.find((each) => each.type === "OPT");
  const offered = option?.type === "OPT" ? option.udpPayloadSize : plainUdpBytes;
  const most = Math.min(mostUdpBytes, Math.max(plainUdpBytes, offered));
  if (transport === "tcp" || whole.length <= most) return whole;
  return encode({ ...packet, flags: flags | TRUNCATED_RESPONSE });
}
