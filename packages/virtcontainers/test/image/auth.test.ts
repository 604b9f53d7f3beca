import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { testFolder } from "../support/folder.ts";
import { refusal } from "../support/refusal.ts";
import { type HttpRegistry, httpRegistry } from "./support/http-registry.ts";
import { storeContents, type TestStore, testStore } from "./support/store.ts";

interface SetUp {
  registry: HttpRegistry;
  store: TestStore;
  reference: string;
  dockerConfigDir: string;
}

/** A registry and a store whose Docker configuration is `config(host)`. */
async function setUp(config: (host: string) => unknown): Promise<SetUp> {
  const registry = await httpRegistry();
  const dockerConfigDir = join(await testFolder(), "docker");
  await mkdir(dockerConfigDir);
  const content = config(registry.host);
  const text = typeof content === "string" ? content : JSON.stringify(content);
  await writeFile(join(dockerConfigDir, "config.json"), text);
  const store = await testStore({ registries: { dockerConfigDir, retryDelayMs: 1 } });
  return { registry, store, reference: `${registry.host}/app:1`, dockerConfigDir };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const basic = `Basic ${base64("user:pa:ss")}`;

function requireBasic(registry: HttpRegistry): void {
  registry.handler = (request, response, serve) => {
    if (request.headers.authorization === basic) return serve();
    response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
  };
}

/** Wants a token, which `/token` gives to those that `allow` lets in. */
function requireToken(
  registry: HttpRegistry,
  allow: (authorization: string | undefined, body: string) => boolean,
): void {
  registry.handler = (request, response, serve) => {
    if (request.url?.startsWith("/token")) {
      const body = registry.requests.at(-1)?.body ?? "";
      const allowed = allow(request.headers.authorization, body);
      response
        .writeHead(allowed ? 200 : 401)
        .end(allowed ? '{"token":"secret-token","expires_in":300}' : "");
      return;
    }
    if (request.headers.authorization === "Bearer secret-token") return serve();
    const challenge = `Bearer realm="${registry.url}/token",service="svc",scope="repository:app:pull"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("signing in", () => {
  it.each<[string, (host: string) => unknown]>([
    ["auth", (host) => ({ auths: { [host]: { auth: base64("user:pa:ss") } } })],
    [
      "user name and password",
      (host) => ({ auths: { [host]: { username: "user", password: "pa:ss" } } }),
    ],
    [
      "a key with scheme and path",
      (host) => ({ auths: { [`https://${host}/v1/`]: { auth: base64("user:pa:ss") } } }),
    ],
  ])("takes %s from Docker's configuration", async (_what, config) => {
    const { registry, store, reference } = await setUp(config);
    requireBasic(registry);
    await store.images.pull(reference);
    expect(
      registry.requests.filter(({ headers }) => headers.authorization === undefined),
    ).toHaveLength(1);
  });

  it("gets one token for all requests of a pull", async () => {
    const { registry, store, reference } = await setUp((host) => ({
      auths: { [host]: { auth: base64("user:pa:ss") } },
    }));
    requireToken(registry, (authorization) => authorization === basic);
    await store.images.pull(reference);
    const asked = registry.requests.filter(({ line }) => line.includes("/token"));
    expect(asked.map(({ line }) => line)).toEqual([
      "GET /token?service=svc&scope=repository%3Aapp%3Apull",
    ]);
  });

  it("gets a token without credentials where the registry allows it", async () => {
    const { registry, store, reference } = await setUp(() => ({}));
    requireToken(registry, (authorization) => authorization === undefined);
    await store.images.pull(reference);
  });

  it("gets a new token when the old one has run out", async () => {
    const { registry, store, reference } = await setUp(() => ({}));
    requireToken(registry, () => true);
    const { handler } = registry;
    let refused = false;
    registry.handler = (request, response, serve) => {
      if (request.url?.includes("blobs") && !refused) {
        refused = true;
        response
          .writeHead(401, { "www-authenticate": `Bearer realm="${registry.url}/token"` })
          .end();
        return;
      }
      return handler(request, response, serve);
    };
    await store.images.pull(reference);
    expect(registry.requests.filter(({ line }) => line.includes("/token"))).toHaveLength(2);
  });

  it("trades an identity token in", async () => {
    const { registry, store, reference } = await setUp((host) => ({
      auths: { [host]: { auth: base64("x:"), identitytoken: "refresh-me" } },
    }));
    requireToken(
      registry,
      (_authorization, body) =>
        body.includes("grant_type=refresh_token") && body.includes("refresh_token=refresh-me"),
    );
    await store.images.pull(reference);
    expect(registry.requests.some(({ line }) => line === "POST /token")).toBe(true);
  });

  it.each(["credHelpers", "credsStore"])("asks the credential helper of %s", async (key) => {
    const { registry, store, reference, dockerConfigDir } = await setUp((host) =>
      key === "credsStore"
        ? { credsStore: "test" }
        : { credHelpers: { [host]: "test" }, credsStore: "missing" },
    );
    const helper = join(dockerConfigDir, "docker-credential-test");
    const answer = JSON.stringify({ ServerURL: registry.host, Username: "user", Secret: "pa:ss" });
    await writeFile(
      helper,
      `#!/bin/sh\ncat > "${dockerConfigDir}/asked"\necho "$1" >> "${dockerConfigDir}/asked"\necho '${answer}'\n`,
    );
    await chmod(helper, 0o755);
    vi.stubEnv("PATH", `${dockerConfigDir}${delimiter}${process.env.PATH}`);
    requireBasic(registry);
    await store.images.pull(reference);
    expect(await readFile(join(dockerConfigDir, "asked"), "utf8")).toBe(`${registry.host}\nget\n`);
  });

  it.each([
    ["is missing", undefined],
    ["fails", "#!/bin/sh\necho boom >&2; exit 1\n"],
    ["answers nonsense", "#!/bin/sh\necho '{}'\n"],
    ["knows nothing", "#!/bin/sh\necho 'credentials not found in native keychain'; exit 1\n"],
  ])("goes on with the file's entry when a helper %s", async (_what, script) => {
    const { registry, store, reference, dockerConfigDir } = await setUp((host) => ({
      credsStore: "test",
      auths: { [host]: { auth: base64("user:pa:ss") } },
    }));
    if (script)
      await writeFile(join(dockerConfigDir, "docker-credential-test"), script, { mode: 0o755 });
    vi.stubEnv("PATH", `${dockerConfigDir}${delimiter}${process.env.PATH}`);
    requireBasic(registry);
    await store.images.pull(reference);
  });

  it("does not run a helper by a path", async () => {
    const { registry, store, reference } = await setUp(() => ({ credsStore: "../../bin/sh" }));
    await store.images.pull(reference);
    requireBasic(registry);
    await refusal(store.images.pull(`${registry.host}/app:1`), "REGISTRY_FAILED");
    expect(store.warnings.join()).toContain("is not installed");
  });

  it.each<[string, (registry: HttpRegistry) => void]>([
    ["wants a password", requireBasic],
    ["refuses the token", (registry) => requireToken(registry, () => false)],
    [
      "forbids",
      (registry) => {
        registry.handler = (_request, response) => void response.writeHead(403).end();
      },
    ],
    [
      "wants something unknown",
      (registry) => {
        registry.handler = (_request, response) =>
          void response.writeHead(401, { "www-authenticate": "Negotiate" }).end();
      },
    ],
  ])("says what to do when the registry %s", async (_what, set) => {
    const { registry, store, reference } = await setUp(() => ({}));
    set(registry);
    const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    expect(error.message).toMatch(/40[13]/);
    expect(error.hint).toContain(`virtc login ${registry.host}`);
    expect(await storeContents(store.dataDir)).toEqual([]);
  });

  it("does not sign in where it is not encrypted", async () => {
    const { registry, store, reference } = await setUp((host) => ({
      auths: { [host]: { auth: base64("user:pa:ss") } },
    }));
    registry.handler = (_request, response) =>
      void response
        .writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.example.com/token"' })
        .end();
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      "no HTTPS address",
    );
  });

  it.each([
    '"token":null,"access_token":"secret-token"',
    '"token":"","access_token":"secret-token"',
  ])("takes the token that is one of {%s}", async (fields) => {
    const { registry, store, reference } = await setUp(() => ({}));
    requireToken(registry, () => true);
    const { handler } = registry;
    registry.handler = (request, response, serve) => {
      if (!request.url?.startsWith("/token")) return handler(request, response, serve);
      response.end(`{${fields}}`);
    };
    await store.images.pull(reference);
  });

  it("refuses tokens that are none", async () => {
    const { registry, store, reference } = await setUp(() => ({}));
    for (const body of ["", "{}", '{"token":"a\\nb"}', "x".repeat(300_000)]) {
      registry.handler = (request, response) => {
        if (request.url?.startsWith("/token")) response.end(body);
        else
          response
            .writeHead(401, { "www-authenticate": `Bearer realm="${registry.url}/token"` })
            .end();
      };
      await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    }
  });

  it("tells a damaged configuration by its path", async () => {
    const { registry, store, reference, dockerConfigDir } = await setUp(() => "{");
    requireBasic(registry);
    expect((await refusal(store.images.pull(reference), "REGISTRY_FAILED")).message).toContain(
      dockerConfigDir,
    );
  });

  it("does not take the credentials along to another host", async () => {
    const { registry, store, reference } = await setUp((host) => ({
      auths: { [host]: { auth: base64("user:pa:ss") } },
    }));
    const other = await httpRegistry();
    registry.handler = (request, response, serve) => {
      if (request.headers.authorization !== basic) {
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
      } else if (request.url?.includes("blobs")) {
        response.writeHead(307, { location: `${other.url}${request.url}` }).end();
      } else return serve();
    };
    await store.images.pull(reference);
    expect(other.requests).toHaveLength(2);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("keeps secrets out of errors and warnings", async () => {
    const { registry, store, reference } = await setUp((host) => ({
      auths: { [host]: { auth: base64("user:hidden-password") } },
    }));
    requireBasic(registry);
    const error = await refusal(store.images.pull(reference), "REGISTRY_FAILED");
    const told = [error.message, error.hint, String(error.cause), ...store.warnings].join();
    expect(told).not.toMatch(/hidden-password|aGlkZGVu/);
  });
});
