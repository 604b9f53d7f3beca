import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import {
  addImage,
  blobPath,
  type ImageRecipe,
  type MadeImage,
} from "../../../../../test/support/images.ts";
import { testFolder } from "../../support/folder.ts";

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** Answers as a registry does. */
  serve: () => Promise<void>,
) => void | Promise<void>;

export interface HttpRegistry {
  host: string;
  url: string;
  made: MadeImage;
  /** `METHOD /path` of each request so far. */
  requests: { line: string; headers: IncomingMessage["headers"]; body: string }[];
  /** Takes the next and later requests, until it is set anew. */
  handler: Handler;
  /** Bytes of one of the image's blobs. */
  blob(digest: string): Promise<Buffer>;
}

/** A registry with the image `app:1`, which may misbehave as the test wants. */
export async function httpRegistry(
  recipe: Partial<ImageRecipe> = {},
  listenOn = "127.0.0.1",
): Promise<HttpRegistry> {
  const layout = join(await testFolder(), "layout");
  const made = await addImage(layout, { layers: [[{ path: "f", content: "hello" }]], ...recipe });
  const blob = (digest: string): Promise<Buffer> => readFile(blobPath(layout, digest));
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", async () => {
      const line = `${request.method} ${request.url}`;
      registry.requests.push({
        line,
        headers: { ...request.headers },
        body: Buffer.concat(parts).toString(),
      });
      await registry.handler(request, response, () => serve(request, response));
    });
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const name = request.url?.split("/").at(-1) ?? "";
    const digest = name === "1" ? made.digest : decodeURIComponent(name);
    const bytes = await blob(digest).catch(() => undefined);
    if (!bytes) {
      response
        .writeHead(404)
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown\\u001b[31m"}]}');
      return;
    }
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const range = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
    response.writeHead(start > 0 ? 206 : 200, start > 0 ? range : {}).end(bytes.subarray(start));
  };
  await new Promise<void>((resolve) => server.listen(0, listenOn, resolve));
  const address = server.address();
  const host = `${listenOn}:${typeof address === "object" ? address?.port : ""}`;
  const registry: HttpRegistry = {
    host,
    url: `http://${host}`,
    made,
    requests: [],
    handler: (_request, _response, respond) => respond(),
    blob,
  };
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return registry;
}
