import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { createHost } from "../../../packages/virtcontainers/src/host/real.ts";
import { createImages } from "../../../packages/virtcontainers/src/image/store.ts";
import { mutate, mutateText } from "../mutate.ts";
import { Random } from "../random.ts";
import { type Target, typed } from "../target.ts";
import { TemporaryFolder } from "../temporary.ts";
import { imageFiles } from "./image-files.ts";

/** Long enough for an answer, short enough for one that asks to wait. */
const patienceMs = 1500;

export const registry: Target = {
  reads: "the answers of a registry on loopback: statuses, headers, documents, layers, tokens",
  async open() {
    const folder = await TemporaryFolder.make();
    const dataDir = join(folder.path, "data");
    const registries = { retryDelayMs: 1, silenceTimeoutMs: 300, dockerConfigDir: folder.path };
    const images = createImages({ host: createHost(), dataDir, registries });
    let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
    const server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const host = `127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    return {
      async feed(random) {
        answer = misbehave(random, host);
        const pulled = await typed(() => images.pull(`${host}/app:1`, { timeoutMs: patienceMs }));
        await images.prune({ all: true });
        return pulled;
      },
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await folder[Symbol.asyncDispose]();
      },
    };
  },
};

const statuses = [200, 201, 204, 206, 301, 302, 303, 307, 308, 400, 401, 403, 404, 416, 429, 500];

/** Serves an image whose documents may be changed, and spoils the head or the body of some answers. */
function misbehave(random: Random, host: string) {
  const { layout } = imageFiles(random);
  const seed = String(random.next());
  const spoilOneIn = random.pick([1, 2, 4, 1000]);
  let count = 0;
  return (request: IncomingMessage, response: ServerResponse): void => {
    const chance = new Random(`${seed} ${count++}`);
    const body = bodyOf(layout, request.url ?? "");
    response.on("error", () => {});
    if (!chance.oneIn(spoilOneIn)) {
      response.writeHead(body === undefined ? 404 : 200).end(body);
      return;
    }
    const challenges = [
      `Bearer realm="http://${host}/token",service="s",scope="repository:app:pull"`,
      'Basic realm="r"',
    ];
    const headers: Record<string, string> = {
      "www-authenticate": inHeader(mutateText(chance, challenges)),
      location: inHeader(
        mutateText(chance, [`http://${host}/v2/app/manifests/1`, "/x", "https://["]),
      ),
      "content-range": inHeader(mutateText(chance, ["bytes 0-9/10", "bytes 5-*/*"])),
      ...(chance.oneIn(5) && {
        "retry-after": inHeader(mutateText(chance, ["0", "Fri, 1 Jan 2100"])),
      }),
    };
    const kept = Object.entries(headers).filter(() => chance.oneIn(2));
    response.writeHead(chance.pick(statuses), Object.fromEntries(kept));
    const spoiled = mutate(chance, [body ?? Buffer.from('{"errors":[{"message":"no"}]}')]);
    if (chance.oneIn(6)) response.write(spoiled, () => response.destroy());
    else response.end(chance.oneIn(2) ? body : spoiled);
  };
}

function bodyOf(layout: ReadonlyMap<string, Buffer>, url: string): Buffer | undefined {
  if (url.startsWith("/token")) return Buffer.from('{"token":"secret","expires_in":300}');
  const name = url.split("/").at(-1) ?? "";
  if (name.startsWith("sha256:")) return layout.get(`blobs/sha256/${name.slice(7)}`);
  return layout.get("index.json");
}

/** What a header can't hold is left out. */
function inHeader(text: string): string {
  return text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "") || "x";
}
