import { type Answer, encode, type Packet } from "dns-packet";
import {
  type NameRecord,
  readAnswer,
} from "../../../packages/virtcontainers/src/network/egress/helper/dns/answer.ts";
import { decodeSafely } from "../../../packages/virtcontainers/src/network/egress/helper/dns/ask.ts";
import { respond } from "../../../packages/virtcontainers/src/network/egress/helper/dns/respond.ts";
import type { Gate } from "../../../packages/virtcontainers/src/network/egress/helper/gate.ts";
import { peekClientHello } from "../../../packages/virtcontainers/src/network/egress/helper/splice/client-hello.ts";
import { peekHttpHead } from "../../../packages/virtcontainers/src/network/egress/helper/splice/http/head.ts";
import { Requests } from "../../../packages/virtcontainers/src/network/egress/helper/splice/http/requests.ts";
import type { Peeked } from "../../../packages/virtcontainers/src/network/egress/helper/splice/peeked.ts";
import { hostNamePattern } from "../../../packages/virtcontainers/src/network/egress/names.ts";
import { mutate } from "../mutate.ts";
import type { Random } from "../random.ts";
import { readSeeds } from "../seeds.ts";
import type { Fuzzed, Target } from "../target.ts";

const nothing = { async [Symbol.asyncDispose]() {} };
const name = /^[a-z0-9._-]{1,253}$|^\[[0-9a-f:.]+\]$/;

function feeding(feed: (random: Random) => Promise<boolean>): () => Promise<Fuzzed> {
  return async () => ({ feed, ...nothing });
}

/** What has been named, or is for no name, must not be for another one with more bytes. */
function peeked(peek: (bytes: Buffer) => Peeked, random: Random, bytes: Buffer): boolean {
  const whole = peek(bytes);
  const part = peek(bytes.subarray(0, random.below(bytes.length + 1)));
  if (part !== "more" && !("wrong" in part) && JSON.stringify(part) !== JSON.stringify(whole))
    throw new Error(`${JSON.stringify(part)} became ${JSON.stringify(whole)}`);
  if (whole === "more" || !("name" in whole)) return false;
  if (!name.test(whole.name)) throw new Error(`a name that is none: ${whole.name}`);
  return true;
}

export const clientHello: Target = {
  reads: "the first bytes of TLS connections of a guest with an egress policy",
  async open() {
    const seeds = readSeeds("client-hello");
    return {
      ...nothing,
      feed: async (random) => peeked(peekClientHello, random, mutate(random, seeds)),
    };
  },
};

const heads = [
  "GET / HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\n\r\n",
  "GET http://example.com:80/x?y HTTP/1.1\r\nhost:example.com:80\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 5\r\n\r\nhello",
  "PUT / HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
  "GET / HTTP/1.0\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n",
].map((text) => Buffer.from(text, "latin1"));

/** However they are cut, the same requests pass, and the first of them is what was peeked. */
export const httpRequests: Target = {
  reads: "the HTTP requests of a guest with an egress policy",
  open: feeding(async (random) => {
    const parts = Array.from({ length: 1 + random.below(4) }, () => mutate(random, heads));
    const bytes = random.oneIn(2) ? Buffer.concat(parts) : (parts[0] ?? Buffer.alloc(0));
    const found = peeked(peekHttpHead, random, bytes);
    const [whole, cut] = [await pass([bytes]), await pass(pieces(random, bytes))];
    if (JSON.stringify(whole) !== JSON.stringify(cut))
      throw new Error(`${JSON.stringify(whole)} is ${JSON.stringify(cut)} in pieces`);
    if (whole.names.some((each) => each === "evil.test")) throw new Error("a foreign host passed");
    return found;
  }),
};

function pieces(random: Random, bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random.below(random.oneIn(3) ? 8 : Math.max(64, bytes.length / 8));
    found.push(bytes.subarray(at, at + size));
    at += size;
  }
  return found;
}

/** What passes for all hosts but one, to a server that agrees to no other protocol. */
async function pass(
  chunks: readonly Buffer[],
): Promise<{ names: string[]; passed: number; why: string }> {
  const names: string[] = [];
  const requests = new Requests({
    refusal: (host) => {
      if (host === "evil.test") return "not allowed";
      names.push(host);
      return undefined;
    },
    switched: async () => false,
  });
  let passed = 0;
  requests.on("data", (bytes: Buffer) => {
    passed += bytes.length;
  });
  const why = await new Promise<string>((resolve) => {
    requests.on("end", () => resolve("end")).on("error", ({ message }) => resolve(message));
    for (const chunk of chunks) if (!requests.destroyed) requests.write(chunk);
    requests.end();
  });
  // How much has passed before an error depends on the pieces.
  return { names, passed: why === "end" ? passed : 0, why };
}

const question = (type: "A" | "AAAA" | "TXT" | "SRV", of = "example.com") => ({ name: of, type });
const queries = [
  encode({ type: "query", id: 7, flags: 0x100, questions: [question("A")] }),
  encode({ type: "query", id: 8, flags: 0x100, questions: [question("TXT", "a.b.example.com")] }),
  encode({
    type: "query",
    id: 9,
    questions: [question("AAAA")],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 4096,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  }),
];

/** Resolves every name that it is asked for. */
function openGate(random: Random): Pick<Gate, "mayResolve" | "resolve"> {
  const address: NameRecord = { type: "A", data: "192.0.2.1" };
  const text: NameRecord = { type: "TXT", data: [Buffer.from("x".repeat(200))] };
  const records = random.pick([[], [address], Array<NameRecord>(64).fill(address), [text]]);
  return {
    mayResolve: (asked) => hostNamePattern.test(asked),
    resolve: async () => ({ code: "NOERROR", records: [...records], ttlSeconds: 60 }),
  };
}

export const dnsQueries: Target = {
  reads: "the DNS queries of a guest with an egress policy",
  open: feeding(async (random) => {
    const transport = random.pick(["udp", "tcp"] as const);
    const gate = openGate(random) as Gate;
    const query = mutate(random, queries);
    const answer = await respond(gate, query, transport);
    if (answer === undefined) return false;
    const said = decodeSafely(answer);
    if (said === undefined || said.type !== "response")
      throw new Error(`no answer: ${answer.toString("hex")} to ${query.toString("hex")}`);
    if (transport === "udp" && answer.length > 1232 + 300)
      throw new Error("it is too long for UDP");
    return ((said.flags ?? 0) & 0xf) === 0;
  }),
};

const answers: Answer[] = [
  { type: "CNAME", name: "example.com", data: "x.test", ttl: 60 },
  { type: "A", name: "x.test", data: "192.0.2.1", ttl: 60 },
  { type: "AAAA", name: "x.test", data: "2001:db8::1", ttl: 60 },
  { type: "TXT", name: "example.com", data: ["hello"], ttl: 5 },
  { type: "MX", name: "example.com", data: { preference: 1, exchange: "m.test" }, ttl: 5 },
];
const responses = (["A", "AAAA", "TXT"] as const).map((type) => {
  const packet: Packet = {
    type: "response",
    id: 7,
    flags: 0x180,
    questions: [question(type)],
    answers,
  };
  return encode(packet);
});

export const dnsAnswers: Target = {
  reads: "the answers of DNS servers to the helper of an egress policy",
  open: feeding(async (random) => {
    const packet = decodeSafely(mutate(random, responses));
    if (packet === undefined) return false;
    const type = random.pick(["A", "AAAA", "TXT", "MX"]);
    const { records, ttlSeconds, code } = readAnswer(packet, "example.com", type);
    if (records.length > 64 || ttlSeconds < 0 || ttlSeconds > 3600)
      throw new Error(`${records.length} records for ${ttlSeconds} s`);
    return code === "NOERROR" && records.length > 0;
  }),
};
