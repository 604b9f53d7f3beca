import { Duplex } from "node:stream";
import { AgentService, Extension, Health } from "@virtcontainers/agent-protocol";
import { FrameDecoder, TtrpcClient, TtrpcError } from "@virtcontainers/ttrpc";
import {
  decodeRequest,
  encodeErrorResponse,
  encodeResponse,
} from "../../../packages/ttrpc/src/envelope.ts";
import type { Agent } from "../../../packages/virtcontainers/src/agent/agent.ts";
import { KataAgent } from "../../../packages/virtcontainers/src/agent/kata/agent.ts";
import { VirtError } from "../../../packages/virtcontainers/src/errors.ts";
import { mutate } from "../mutate.ts";
import type { Random } from "../random.ts";
import { type Target, typed } from "../target.ts";
import { randomMessage } from "./random-message.ts";

/** An answer that never comes ends by this. */
const patienceMs = 200;

export const agent: Target = {
  reads: "the answers of a guest's agent to our client",
  async open() {
    return {
      async feed(random) {
        const [near, far] = pair();
        answerCalls(random, far);
        await using connected = new KataAgent(new TtrpcClient(near), "sb");
        const limit = new AbortController();
        const why = new VirtError("TIMEOUT", "no answer came");
        const timer = setTimeout(() => limit.abort(why), patienceMs);
        const calls = Array.from({ length: 1 + random.below(4) }, () => random.pick(methods));
        const answered = calls.map((call) => typed(() => call(connected, limit.signal)));
        const taken = (await Promise.all(answered)).some((good) => good);
        clearTimeout(timer);
        return taken;
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};

type Call = (agent: Agent, signal: AbortSignal) => Promise<unknown>;

const from = { stream: "stdout", offset: 0, length: 4096 } as const;
const methods: readonly Call[] = [
  (agent, signal) => agent.check(signal),
  (agent, signal) => agent.details(signal),
  (agent, signal) => agent.getMetrics(signal),
  (agent, signal) => agent.getOOMEvent(signal),
  (agent, signal) => agent.getVolumeStats("/v", signal),
  (agent, signal) => agent.getIPTables(false, signal),
  (agent, signal) => agent.listInterfaces(signal),
  (agent, signal) => agent.listRoutes(signal),
  (agent, signal) => agent.updateRoutes([], signal),
  (agent, signal) => agent.getDiagnosticData("kind", "c1", signal),
  (agent, signal) => agent.setOnlineCpus(2, signal),
  (agent, signal) => agent.startContainer("c1", signal),
  (agent, signal) => agent.statsContainer("c1", signal),
  (agent, signal) => agent.waitProcess("c1", "", signal),
  (agent, signal) => agent.writeStdin("c1", "", Buffer.from("x"), signal),
  (agent, signal) => agent.readStdout("c1", "", 4096, signal),
  (agent, signal) => agent.readStderr("c1", "", 4096, signal),
  (agent, signal) => agent.readOutput("c1", "", from, signal),
  (agent, signal) => agent.listProcesses("", signal),
  (agent, signal) => agent.processTable("c1", signal),
  (agent, signal) => agent.statPath("c1", "/x", true, signal),
  (agent, signal) => agent.listFolder("c1", "/", { after: Buffer.alloc(0), limit: 1000 }, signal),
  (agent, signal) => agent.readFile("c1", "/x", { offset: 0, length: 4096 }, signal),
];

const outputs = new Map(
  [AgentService, Extension, Health].flatMap((service) =>
    service.methods.map(({ name, output }) => [`${service.typeName}/${name}`, output] as const),
  ),
);

/** Answers with messages that are right or nearly so, with errors, with nothing, or with no frames at all. */
function answerCalls(random: Random, far: Duplex): void {
  const spoilOneIn = random.pick([2, 5, 1000]);
  const decoder = new FrameDecoder(({ header, body }) => {
    const { service, method } = decodeRequest(body);
    const output = outputs.get(`${service}/${method}`);
    if (output === undefined) throw new Error(`there is no method ${method}`);
    const plain = randomMessage(random, output);
    const message = random.oneIn(3) ? mutate(random, [Buffer.from(plain)]) : plain;
    const text = `no\u001b[31m ${"x".repeat(random.below(20_000))}`;
    const error = new TtrpcError(random.pick(["not_found", "internal", "unimplemented"]), text);
    const streamId = random.oneIn(30) ? random.next() : header.streamId;
    const frames = Buffer.concat(
      random.oneIn(6) ? encodeErrorResponse(streamId, error) : encodeResponse(streamId, message),
    );
    const sent = random.oneIn(spoilOneIn) ? mutate(random, [frames]) : frames;
    if (random.oneIn(40)) return;
    if (random.oneIn(40)) far.destroy();
    else if (!far.destroyed) far.write(sent);
  });
  far.on("error", () => {});
  far.on("data", (chunk: Buffer) => decoder.push(chunk));
}

/** Two ends of a stream in memory. */
function pair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const end = (other: number): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        ends[other]?.push(chunk);
        done();
      },
      destroy(error, done) {
        const peer = ends[other];
        if (peer !== undefined && !peer.destroyed) peer.push(null);
        done(error);
      },
    });
  const [near, far] = [end(1), end(0)];
  ends.push(near, far);
  return [near, far];
}
