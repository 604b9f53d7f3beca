import { describe, expect, it } from "vitest";
import { refusal } from "../support/refusal.ts";
import { httpRegistry } from "./support/http-registry.ts";
import { quick, setUp } from "./support/registry-store.ts";
import { testStore } from "./support/store.ts";

describe("redirects and mirrors", () => {
  it.each([
    ["to plain HTTP elsewhere", "http://registry.example.com/x", "not encrypted"],
    ["to another scheme", "file:///etc/passwd", "not encrypted"],
    ["to nowhere", "http://", "an address that is none"],
  ])("refuses a redirect %s", async (_where, location, message) => {
    const { registry, store, reference } = await setUp();
    registry.handler = (_request, response) => void response.writeHead(302, { location }).end();
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      message,
    );
  });

  it("refuses endless redirects", async () => {
    const { registry, store, reference } = await setUp();
    registry.handler = (request, response) =>
      void response.writeHead(302, { location: request.url }).end();
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "redirects more than",
    );
  });

  it("asks the mirror first, then the registry itself", async () => {
    const registry = await httpRegistry();
    const mirror = await httpRegistry();
    const registries = { ...quick, mirrors: { [registry.host]: [`${mirror.url}/prefix/`] } };
    const store = await testStore({ registries });
    await store.images.pull(`${registry.host}/app:1`);
    expect(registry.requests).toEqual([]);
    expect(mirror.requests[0]?.line).toBe("GET /prefix/v2/app/manifests/1");
    await store.images.remove(`${registry.host}/app:1`);
    mirror.handler = (_request, response) => void response.writeHead(404).end();
    await store.images.pull(`${registry.host}/app:1`);
    expect(registry.requests).toHaveLength(3);
    expect(store.warnings.join()).toContain(mirror.host);
  });

  it("refuses mirrors without TLS that are not on loopback", async () => {
    for (const address of ["http://mirror.example.com", "ftp://x", "nothing"]) {
      const registries = { ...quick, mirrors: { "docker.io": [address] } };
      await expect(testStore({ registries })).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        field: "registries.mirrors.docker.io",
      });
    }
    await testStore({
      registries: {
        mirrors: { "docker.io": ["http://m.example.com"] },
        insecure: ["m.example.com"],
      },
    });
  });
});
