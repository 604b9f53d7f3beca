import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { refusal } from "../support/refusal.ts";
import { big, quick, setUp } from "./support/registry-store.ts";
import { storeContents, testStore } from "./support/store.ts";

describe("a registry in trouble", () => {
  it.each([
    ["with Range", true],
    ["without Range", false],
  ])("is asked for the rest of a layer when it breaks off (%s)", async (_how, ranges) => {
    const { registry, store, reference } = await setUp(big);
    const digest = registry.made.layers[0]?.digest ?? "";
    let breaks = 6;
    registry.handler = async (request, response, serve) => {
      if (!request.url?.endsWith(digest)) return serve();
      if (!ranges) delete request.headers.range;
      if (breaks-- === 0) return serve();
      const bytes = await registry.blob(digest);
      const start = Number(/=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const end = ranges ? start + 40_000 : (7 - breaks) * 40_000;
      const headers = {
        "content-length": bytes.length - start,
        "content-range": `bytes ${start}-${bytes.length - 1}/*`,
      };
      response.writeHead(start > 0 ? 206 : 200, headers);
      response.write(bytes.subarray(start, end), () => response.destroy());
    };
    await store.images.pull(reference);
    const asked = registry.requests.filter(({ line }) => line.endsWith(digest));
    expect(asked).toHaveLength(7);
    expect(asked[1]?.headers.range !== undefined).toBe(true);
    expect(store.warnings.join()).toContain("broke off the connection");
  });

  it("is asked often over one connection without listeners that add up", async () => {
    const { registry, store, reference } = await setUp();
    const warnings: Error[] = [];
    const listen = (warning: Error): void => void warnings.push(warning);
    process.on("warning", listen);
    try {
      for (let left = 15; left > 0; left--) await store.images.pull(reference);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off("warning", listen);
    }
    expect(registry.requests.length).toBeGreaterThan(15);
    expect(warnings).toEqual([]);
  });

  it("is given up when it breaks off without getting further", async () => {
    const { registry, store, reference } = await setUp(big);
    const digest = registry.made.layers[0]?.digest ?? "";
    registry.handler = (request, response, serve) => {
      if (!request.url?.endsWith(digest)) return serve();
      response.destroy();
    };
    const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    expect(error.message).toContain(registry.host);
    expect(error.hint).toContain("Check the network");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("is asked again after 429 and 5xx", async () => {
    const { registry, store, reference } = await setUp();
    const troubles = [429, 500, 503];
    registry.handler = (_request, response, serve) => {
      const status = troubles.shift();
      if (status === undefined) return serve();
      response.writeHead(status, { "retry-after": "0" }).end();
    };
    await store.images.pull(reference);
    expect(registry.requests.filter(({ line }) => line.includes("manifests"))).toHaveLength(4);
    registry.handler = (_request, response) => void response.writeHead(503).end();
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "answered 503",
    );
  });

  it("is asked again for the part of a layer that it was asked for", async () => {
    const { registry, store, reference } = await setUp(big);
    const digest = registry.made.layers[0]?.digest ?? "";
    const bytes = await registry.blob(digest);
    const answers = ["cut", "wrong part"];
    registry.handler = (request, response, serve) => {
      if (!request.url?.endsWith(digest)) return serve();
      const answer = answers.shift();
      if (answer === undefined) return serve();
      if (answer === "cut") {
        response.writeHead(200, { "content-length": bytes.length });
        response.write(bytes.subarray(0, 40_000), () => response.destroy());
      } else {
        response.writeHead(206, { "content-range": `bytes 7-9/${bytes.length}` });
        response.end(bytes.subarray(7, 10));
      }
    };
    await store.images.pull(reference);
    expect(answers).toEqual([]);
  });

  it.each([
    [
      "errors",
      '{"errors":[{"message":"pull rate\\u001b[31m limit"}]}',
      "429: pull rate\ufffd[31m limit",
    ],
    ["text", "slow\ndown", "429: slow down"],
    ["an HTML page", "<html><title>Busy</title></html>", '429: an HTML page, "Busy"'],
  ])("is quoted when it limits us with %s", async (_what, body, told) => {
    const { registry, store, reference } = await setUp();
    registry.handler = (_request, response) => void response.writeHead(429).end(body);
    const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    expect(error.message).toContain(told);
  });

  it("is not waited for longer than its silence may last", async () => {
    const { registry, store, reference } = await setUp({}, { silenceTimeoutMs: 20 });
    registry.handler = () => {};
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "silent for 20 ms",
    );
    const digest = registry.made.layers[0]?.digest ?? "";
    registry.handler = (request, response, serve) => {
      if (!request.url?.endsWith(digest)) return serve();
      response.flushHeaders();
    };
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "silent for 20 ms",
    );
  });

  it("ends with the caller's deadline or signal", async () => {
    const { registry, store, reference } = await setUp();
    const controller = new AbortController();
    registry.handler = () => controller.abort();
    await refusal(store.images.pull(reference, { signal: controller.signal }), "CANCELED");
    await refusal(store.images.pull(reference, { timeoutMs: 50 }), "TIMEOUT");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("is named with the cause when it is dead or unknown", async () => {
    const store = await testStore({ registries: quick });
    const closed = await closedPort();
    const dead = await refusal(store.images.pull(`127.0.0.1:${closed}/app`), "REGISTRY_FAILED");
    expect(dead.message).toContain(`127.0.0.1:${closed} failed: nothing listens there`);
    expect(dead.hint).toContain("port is right");
    const unknown = await refusal(store.images.pull("registry.invalid/app"), "REGISTRY_FAILED");
    expect(unknown.message).toContain("registry.invalid");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("shows what it says without its terminal escapes", async () => {
    const { registry, store, reference } = await setUp();
    registry.handler = (_request, response) =>
      void response.writeHead(400).end('{"errors":[{"message":"bad\\u001b[31m thing"}]}');
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toMatch(
      /400 .*bad\ufffd\[31m thing/,
    );
  });
});

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" ? (address?.port ?? 0) : 0;
}
