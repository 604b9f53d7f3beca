import { networkInterfaces } from "node:os";
import { describe, expect, it } from "vitest";
import { scopeOf } from "../../src/image/registry/address-scope.ts";
import { refusal } from "../support/refusal.ts";
import { httpRegistry } from "./support/http-registry.ts";
import { quick } from "./support/registry-store.ts";
import { testStore } from "./support/store.ts";

describe("the scope of an address", () => {
  it.each([
    ["127.0.0.1", "local"],
    ["127.255.0.9", "local"],
    ["0.0.0.0", "local"],
    ["169.254.169.254", "local"],
    ["255.255.255.255", "local"],
    ["::1", "local"],
    ["::", "local"],
    ["[::1]", "local"],
    ["fe80::1%eth0", "local"],
    ["::ffff:127.0.0.1", "local"],
    ["::ffff:7f00:1", "local"],
    ["::127.0.0.1", "local"],
    ["64:ff9b::7f00:1", "local"],
    ["2002:7f00:1::5", "local"],
    ["10.0.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["100.100.100.200", "private"],
    ["fd00::2", "private"],
    ["::ffff:192.168.0.1", "private"],
    ["64:ff9b::10.1.2.3", "private"],
    ["2002:a01:203::", "private"],
    ["1.1.1.1", "public"],
    ["172.32.0.1", "public"],
    ["11.0.0.1", "public"],
    ["2606:4700::1111", "public"],
    ["64:ff9b::1.1.1.1", "public"],
    ["::ffff:1.1.1.1", "public"],
    ["no address", "local"],
  ])("%s is %s", (address, scope) => {
    expect(scopeOf(address)).toBe(scope);
  });
});

/** An address of this machine that others can scope too. */
const own = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ internal, family }) => !internal && family === "IPv4")?.address;

describe.skipIf(own === undefined)("a registry that is not on this machine", () => {
  const setUp = async () => {
    const registry = await httpRegistry({}, own);
    const service = await httpRegistry();
    const registries = { ...quick, insecure: [registry.host] };
    const store = await testStore({ registries });
    return { registry, service, store, reference: `${registry.host}/app:1` };
  };
  it.each([
    ["an address", "http://127.0.0.1"],
    ["a name that leads there", "http://localhost"],
    ["a mapped address", "https://[::ffff:127.0.0.1]"],
    ["an address in another form", "http://0x7f.1"],
  ])("can't send us to sign in at a local service, by %s", async (_how, base) => {
    const { registry, service, store, reference } = await setUp();
    const realm = `${base}:${new URL(service.url).port}/token`;
    service.handler = (_request, response) => void response.end('{"token":"local-secret"}');
    registry.handler = (_request, response) =>
      void response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
    const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    expect(error.message).toContain(`${registry.host} failed: it sends us to`);
    expect(error.message).toContain("a network that it is not in itself");
    expect(error.hint).toContain("registries.insecure");
    expect(service.requests).toEqual([]);
    expect(JSON.stringify(registry.requests)).not.toContain("local-secret");
  });

  it("can't send us there by a redirect, of a manifest, a blob or a sign-in", async () => {
    for (const what of ["manifests", "blobs", "token"]) {
      const { registry, service, store, reference } = await setUp();
      registry.handler = (request, response, serve) => {
        if (request.url?.includes(what)) {
          response.writeHead(307, { location: `${service.url}${request.url}` }).end();
        } else if (what === "token") {
          const realm = `Bearer realm="${registry.url}/token"`;
          response.writeHead(401, { "www-authenticate": realm }).end();
        } else return serve();
      };
      const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
      expect(error.message).toContain("a network that it is not in itself");
      expect(service.requests).toEqual([]);
    }
  });

  it("may send us to one that is listed as trusted", async () => {
    const { registry, service } = await setUp();
    registry.handler = (request, response, serve) => {
      if (!request.url?.includes("blobs")) return serve();
      response.writeHead(307, { location: `${service.url}${request.url}` }).end();
    };
    const registries = { ...quick, insecure: [registry.host, service.host] };
    const store = await testStore({ registries });
    await store.images.pull(`${registry.host}/app:1`);
    expect(service.requests).toHaveLength(2);
  });
});

it("a registry on this machine may send us to another one here", async () => {
  const registry = await httpRegistry();
  const service = await httpRegistry();
  registry.handler = (request, response, serve) => {
    if (!request.url?.includes("blobs")) return serve();
    response.writeHead(307, { location: `${service.url}${request.url}` }).end();
  };
  const store = await testStore({ registries: quick });
  await store.images.pull(`${registry.host}/app:1`);
  expect(service.requests).toHaveLength(2);
});
