// Run as a process of its own, in a namespace: a web server that says a text, takes and gives bytes.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { Readable } from "node:stream";

const [says = "", port = "80"] = process.argv.slice(2);
const piece = Buffer.alloc(64 * 1024, "virtcontainers ");

/** GET /bytes/N: N bytes. PUT: the sha256 of what was sent. Else the text, and who asks. */
const server = createServer(async (request, response) => {
  const wanted = /^\/bytes\/(\d+)$/.exec(request.url ?? "")?.[1];
  if (wanted !== undefined) {
    response.writeHead(200, { "content-length": wanted });
    Readable.from(bytes(Number(wanted))).pipe(response);
  } else if (request.method === "PUT" || request.method === "POST") {
    const hash = createHash("sha256");
    for await (const chunk of request) hash.update(chunk);
    response.end(`${hash.digest("hex")}\n`);
  } else {
    response.end(`${says} ${request.socket.remoteAddress}\n`);
  }
});

function* bytes(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= piece.length) yield piece.subarray(0, left);
}

server.listen(Number(port), "::", () => console.log("ready"));
