import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { type HttpRegistry, httpRegistry } from "./support/http-registry.ts";
import { storeContents, testStore } from "./support/store.ts";

const secret = Buffer.from("user:pa:ss").toString("base64");
type Entry = { auth: string; identitytoken?: string };

/** A registry that wants `scheme`, a stranger, and a store that has credentials for the registry alone. */
async function setUp(scheme: "Basic" | "Bearer", entry: Entry = { auth: secret }) {
  const registry = await httpRegistry();
  const stranger = await httpRegistry();
  const dockerConfigDir = join(await testFolder(), "docker");
  await mkdir(dockerConfigDir);
  const auths = { [registry.host]: entry };
  await writeFile(join(dockerConfigDir, "config.json"), JSON.stringify({ auths }));
  const store = await testStore({ registries: { dockerConfigDir, retryDelayMs: 1 } });
  const wanted = scheme === "Basic" ? `Basic ${secret}` : "Bearer registry-token";
  const redirects = new Map<string, string>();
  registry.handler = (request, response, serve) => {
    const url = request.url ?? "";
    const part = [...redirects.keys()].find((each) => url.includes(each));
    const signsIn = url.startsWith("/token");
    if (!signsIn && request.headers.authorization !== wanted) {
      const challenge = `${scheme} realm="${registry.url}/token"`;
      response.writeHead(401, { "www-authenticate": challenge }).end();
    } else if (part) response.writeHead(307, { location: redirects.get(part) }).end();
    else if (signsIn) response.end('{"token":"registry-token"}');
    else return serve();
  };
  const pull = () => store.images.pull(`${registry.host}/app:1`);
  return { registry, stranger, store, redirects, pull };
}

/** Refuses everything, and asks for credentials at an address of its own. */
function phish(stranger: HttpRegistry, scheme: string): void {
  stranger.handler = (request, response) => {
    if (request.url?.startsWith("/token")) return void response.end('{"token":"bait"}');
    const challenge = `${scheme} realm="${stranger.url}/token"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
}

describe.each(["Basic", "Bearer"] as const)("credentials of the scheme %s", (scheme) => {
  it.each([
    ["manifests", "Bearer"],
    ["manifests", "Basic"],
    ["blobs", "Bearer"],
    ["blobs", "Basic"],
  ])("are not given where redirected %s are answered with a %s challenge", async (part, asks) => {
    const { registry, stranger, store, redirects, pull } = await setUp(scheme);
    redirects.set(part, `${stranger.url}/elsewhere`);
    phish(stranger, asks);
    const error = await refusal(pull(), "REGISTRY_FAILED");
    expect(error.message).toContain(`redirects to ${stranger.host}, which answered 401`);
    expect(stranger.requests.map(({ line }) => line)).toContain("GET /elsewhere");
    expect(stranger.requests.every(({ line }) => line === "GET /elsewhere")).toBe(true);
    expect(stranger.requests.every(({ headers }) => !headers.authorization)).toBe(true);
    expect(JSON.stringify(registry.requests)).not.toContain("bait");
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("are not given after several redirects, nor when these lead back", async () => {
    const { registry, stranger, redirects, pull } = await setUp(scheme);
    const third = await httpRegistry();
    redirects.set("blobs", `${stranger.url}/elsewhere`);
    stranger.handler = (_request, response) =>
      void response.writeHead(307, { location: `${third.url}/further` }).end();
    third.handler = (_request, response) =>
      void response.writeHead(307, { location: `${registry.url}/v2/back` }).end();
    await refusal(pull(), "REGISTRY_FAILED");
    const strange = [...stranger.requests, ...third.requests];
    expect(strange.length).toBeGreaterThan(0);
    const back = registry.requests.filter(({ line }) => line.endsWith("/back"));
    expect(back[0]?.headers.authorization).toBeUndefined();
    expect(strange.every(({ headers }) => !headers.authorization)).toBe(true);
  });
});

describe("a sign-in that is redirected to another host", () => {
  it("does not get user and password there", async () => {
    const { registry, stranger, redirects, pull } = await setUp("Bearer");
    redirects.set("/token", `${stranger.url}/token`);
    stranger.handler = (_request, response) => void response.end('{"token":"registry-token"}');
    await pull();
    expect(stranger.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    const asked = registry.requests.find(({ line }) => line.includes("/token"));
    expect(asked?.headers.authorization).toBe(`Basic ${secret}`);
  });

  it.each([307, 308])("does not get the refresh token there (%d)", async (status) => {
    const entry = { auth: "", identitytoken: "refresh-me" };
    const { registry, stranger, pull } = await setUp("Bearer", entry);
    const { handler } = registry;
    registry.handler = (request, response, serve) => {
      if (!request.url?.startsWith("/token")) return handler(request, response, serve);
      response.writeHead(status, { location: `${stranger.url}/token` }).end();
    };
    const error = await refusal(pull(), "REGISTRY_FAILED");
    expect(error.message).toContain(`redirects to ${stranger.host}`);
    expect(stranger.requests).toEqual([]);
    const asked = registry.requests.filter(({ line }) => line === "POST /token");
    expect(asked.map(({ body }) => body.includes("refresh-me"))).toEqual([true]);
  });

  it("is a GET without the refresh token after 303", async () => {
    const entry = { auth: "", identitytoken: "refresh-me" };
    const { registry, stranger, pull } = await setUp("Bearer", entry);
    const { handler } = registry;
    registry.handler = (request, response, serve) => {
      if (!request.url?.startsWith("/token")) return handler(request, response, serve);
      response.writeHead(303, { location: `${stranger.url}/token` }).end();
    };
    stranger.handler = (_request, response) => void response.end('{"token":"registry-token"}');
    await pull();
    expect(stranger.requests.map(({ line, body }) => [line, body])).toEqual([["GET /token", ""]]);
  });
});

it("an address with user and password in it is refused and not shown", async () => {
  const { registry, redirects, pull, stranger } = await setUp("Basic");
  redirects.set("blobs", stranger.url.replace("//", "//name:hidden-word@"));
  const error = await refusal(pull(), "REGISTRY_FAILED");
  expect(`${error.message} ${error.hint}`).not.toContain("hidden-word");
  const mirrors = { [registry.host]: ["https://name:hidden-word@mirror.example.com"] };
  const refused = await refusal(testStore({ registries: { mirrors } }), "INVALID_ARGUMENT");
  expect(String(refused)).not.toContain("hidden-word");
});
