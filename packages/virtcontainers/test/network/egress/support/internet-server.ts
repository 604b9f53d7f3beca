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

function answerTo(bytes: Buffer): Buffer {
  const query = decode(bytes);
  const questions = query.questions ?? [];
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
dns.on("message", (bytes, { address, port }) => dns.send(answerTo(bytes), port, address));

const listen = [
  new Promise<void>((resolve) => tls.listen(443, "::", resolve)),
  new Promise<void>((resolve) => echoTls.listen(8443, "::", resolve)),
  new Promise<void>((resolve) => http.listen(80, "::", resolve)),
  new Promise<void>((resolve) => echo.listen(22, "::", resolve)),
  new Promise<void>((resolve) => udpEcho.bind(443, "::", resolve)),
  new Promise<void>((resolve) => dns.bind(53, dnsAddress, resolve)),
];
await Promise.all(listen);
process.stdout.write("ready\n");
