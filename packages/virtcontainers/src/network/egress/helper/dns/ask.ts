import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { connect, isIPv6 } from "node:net";
import { type DecodedPacket, decode, encode, RECURSION_DESIRED, type RecordType } from "dns-packet";

const answerMs = 2500;

/**
 * Asks a server for one name, over UDP from a port of its own, and over TCP if the answer is too long for that. The
 * query has nothing of the guest's but the name, in small letters. Rejects without an answer in time.
 */
export async function ask(server: string, name: string, type: RecordType): Promise<DecodedPacket> {
  const id = randomInt(0x1_0000);
  const query = encode({
    type: "query",
    id,
    flags: RECURSION_DESIRED,
    questions: [{ name, type }],
  });
  const isAnswer = (packet: DecodedPacket): boolean => {
    const [question, ...more] = packet.questions ?? [];
    return (
      packet.type === "response" &&
      packet.id === id &&
      more.length === 0 &&
      question?.name.toLowerCase() === name &&
      question.type === type
    );
  };
  const answer = await overUdp(server, query, isAnswer);
  return answer.flag_tc ? await overTcp(server, query, isAnswer) : answer;
}

type Check = (packet: DecodedPacket) => boolean;

function overUdp(server: string, query: Buffer, isAnswer: Check): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(server) ? "udp6" : "udp4");
    const end = (error: Error | undefined, packet?: DecodedPacket): void => {
      clearTimeout(timer);
      socket.close();
      if (packet === undefined) reject(error ?? new Error("no answer"));
      else resolve(packet);
    };
    const timer = setTimeout(() => end(new Error("no answer in time")), answerMs);
    socket.once("error", (error) => end(error));
    // Connected, so that the kernel takes packets from no one else.
    socket.connect(53, server, () => socket.send(query));
    socket.on("message", (bytes) => {
      const packet = decodeSafely(bytes);
      if (packet !== undefined && isAnswer(packet)) end(undefined, packet);
    });
  });
}

function overTcp(server: string, query: Buffer, isAnswer: Check): Promise<DecodedPacket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: server, port: 53, timeout: answerMs });
    let bytes = Buffer.alloc(0);
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(() => fail(new Error("no answer in time")), answerMs);
    socket.once("close", () => {
      clearTimeout(timer);
      reject(new Error("the server hung up"));
    });
    socket.once("error", fail);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(query.length);
    socket.once("connect", () => socket.write(Buffer.concat([length, query])));
    socket.on("data", (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < 2 || bytes.length < 2 + bytes.readUInt16BE()) return;
      const packet = decodeSafely(bytes.subarray(2, 2 + bytes.readUInt16BE()));
      if (packet === undefined || !isAnswer(packet))
        return fail(new Error("no answer to the query"));
      resolve(packet);
      socket.destroy();
    });
  });
}

export function decodeSafely(bytes: Buffer): DecodedPacket | undefined {
  try {
    return decode(bytes);
  } catch {
    return undefined;
  }
}
