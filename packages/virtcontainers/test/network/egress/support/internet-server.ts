/**
 * The servers of a small internet: DNS for the names that it is given, TLS and HTTP on all addresses, which tell by
 * which address and name they were reached, and echo servers. It tells when all of them listen.
 */
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createTcp, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import { type Answer, decode, encode } from "dns-packet";

const [certificate = "", key = "", zone = "{}", dnsAddress = ""] = process.argv.slice(2);
const names: Record<string, Record<string, string[]>> = JSON.parse(zone);

const plain = (address = ""): string => address.replace(/^::ffff:/, "");
const pem = { cert: readFileSync(certificate), key: readFileSync(key) };

const tls = createTls(pem, (socket) => {
  socket.on("error", () => socket.destroy());
  const body = `tls ${plain(socket.localAddress)} ${socket.servername}\n`;
  socket.once("data", () => {
    socket.end(
      `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  });
});
const http = createHttp((request, response) => {
  response.end(`http ${plain(request.socket.localAddress)} ${request.headers.host}\n`);
});
const echo = createTcp((socket: Socket) => {
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});
const echoTls = createTls(pem, (socket) => {
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});

/** What a server says that means harm: very many addresses, aliases in a circle or without end, times of none or all. */
function hostileAnswers(name: string): Answer[] | undefined {
  const a = (of: string, data: string, ttl = 60): Answer => ({ type: "A", name: of, data, ttl });
  const alias = (of: string, data: string): Answer => ({ type: "CNAME", name: of, data, ttl: 60 });
  const number = Number(/^n(\d+)\.many\.test$/.exec(name)?.[1]);
  if (!Number.isNaN(number))
    return Array.from({ length: 1500 }, (_, index) =>
      a(name, `198.18.${number}.${index & 0xff}`, index),
    );
  if (name === "circle.loop.test") return [alias(name, "x.test"), alias("x.test", name)];
  if (name === "endless.loop.test")
    return Array.from({ length: 40 }, (_, index) =>
      alias(index === 0 ? name : `x${index}.test`, `x${index + 1}.test`),
    ).concat(a("x40.test", "203.0.113.10"));
  if (name === "zero.ttl.test") return [a(name, "203.0.113.10", 0)];
  if (name === "huge.ttl.test") return [a(name, "203.0.113.10", 2 ** 31)];
  return undefined;
}

function answerTo(bytes: Buffer, longest = 65_535): Buffer {
  const query = decode(bytes);
  const questions = query.questions ?? [];
  const hostile = questions[0]?.type === "A" ? hostileAnswers(questions[0].name) : undefined;
  if (hostile !== undefined) {
    const packet = { type: "response", id: query.id ?? 0, questions } as const;
    const whole = encode({ ...packet, flags: 0x180, answers: hostile });
    return whole.length <= longest ? whole : encode({ ...packet, flags: 0x180 | 0x200 });
  }
  const answers: Answer[] = [];
  let at = questions[0]?.name ?? "";
  for (let alias = names[at]?.CNAME?.[0]; alias !== undefined; alias = names[at]?.CNAME?.[0]) {
    answers.push({ type: "CNAME", name: at, data: alias, ttl: 60 });
    at = alias;
  }
  const type = questions[0]?.type;
  for (const data of (type && names[at]?.[type]) ?? [])
    if (type === "A" || type === "AAAA") answers.push({ type, name: at, data, ttl: 60 });
    else if (type === "TXT") answers.push({ type, name: at, data: [data], ttl: 60 });
  const code = names[at] === undefined ? 3 : 0;
  return encode({ type: "response", id: query.id ?? 0, flags: 0x180 | code, questions, answers });
}

const udpEcho = createSocket({ type: "udp6", ipv6Only: false });
udpEcho.on("message", (bytes, { address, port }) => udpEcho.send(bytes, port, address));
const dns = createSocket({ type: "udp4" });
dns.on("message", (bytes, { address, port }) => dns.send(answerTo(bytes, 1232), port, address));
const dnsTcp = createTcp((socket) => {
  socket.on("error", () => socket.destroy());
  socket.once("data", (bytes) => {
    const answer = answerTo(bytes.subarray(2));
    const length = Buffer.alloc(2);
    length.writeUInt16BE(answer.length);
    socket.end(Buffer.concat([length, answer]));
  });
});

const listen = [
  new Promise<void>((resolve) => tls.listen(443, "::", resolve)),
  new Promise<void>((resolve) => echoTls.listen(8443, "::", resolve)),
  new Promise<void>((resolve) => http.listen(80, "::", resolve)),
  new Promise<void>((resolve) => echo.listen(22, "::", resolve)),
  new Promise<void>((resolve) => udpEcho.bind(443, "::", resolve)),
  new Promise<void>((resolve) => dns.bind(53, dnsAddress, resolve)),
  new Promise<void>((resolve) => dnsTcp.listen(53, dnsAddress, resolve)),
];
await Promise.all(listen);
process.stdout.write("ready\n");
