import * as v from "valibot";
import { printable } from "../../errors.ts";
import { htmlTitle } from "../html.ts";
import { parseChallenges } from "./challenge.ts";
import { mayConnect, type ResolvedRegistries } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import { explanationOf, readAnswer } from "./explanation.ts";
import { registryFailure } from "./failure.ts";
import { refuseBusy } from "./retry.ts";
import type { Answer, Body, Method } from "./send.ts";
import { request } from "./transport.ts";

const maxTokenBytes = 256 * 1024;
const tokenAnswer = v.object({
  token: v.nullish(v.string()),
  access_token: v.nullish(v.string()),
});

/** One request about a repository. */
export interface Call {
  method?: Method;
  headers?: Readonly<Record<string, string>>;
  body?: Body;
}

/** Talks to one registry, about one repository or none, and signs in when it is asked to. */
export class Session {
  readonly endpoint: URL;
  readonly #registries: ResolvedRegistries;
  readonly #repository: string | undefined;
  readonly #credentials: (signal: AbortSignal) => Promise<Credentials | undefined>;
  #authorization: string | undefined;
  #signingIn: Promise<void> | undefined;

  constructor(
    endpoint: URL,
    registries: ResolvedRegistries,
    repository: string | undefined,
    credentials: (signal: AbortSignal) => Promise<Credentials | undefined>,
  ) {
    this.endpoint = endpoint;
    this.#registries = registries;
    this.#repository = repository;
    this.#credentials = credentials;
  }

  /** Asks for `/v2/<repository>/<path>`; signs in and asks again on 401. */
  async get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer> {
    return this.ask(path, { headers }, signal);
  }

  /** The same with another method, or something to send; also for an address that the registry has given. */
  async ask(path: string | URL, call: Call, signal: AbortSignal): Promise<Answer> {
    const url = typeof path === "string" ? this.#urlOf(path) : path;
    const used = this.#authorization;
    const first = await this.#send(url, call, signal);
    // Where redirects have led elsewhere, the refusal and its challenge are not the registry's.
    if (first.status !== 401 || first.url.origin !== url.origin) return first;
    await first.discard();
    if (this.#authorization === used) {
      this.#signingIn ??= this.#signIn(first, signal).finally(() => {
        this.#signingIn = undefined;
      });
      await this.#signingIn;
    }
    return this.#send(url, call, signal);
  }

  #urlOf(path: string): URL {
    const base = this.endpoint.href.replace(/\/$/, "");
    const repository = this.#repository === undefined ? "" : `${this.#repository}/`;
    return new URL(`${base}/v2/${repository}${path}`);
  }

  async #send(url: URL, call: Call, signal: AbortSignal) {
    const authorization = url.origin === this.endpoint.origin ? this.#authorization : undefined;
    const answer = await request(this.#registries, url, { ...call, authorization, signal });
    await refuseBusy(answer);
    return answer;
  }

  async #signIn(answer: Answer, signal: AbortSignal): Promise<void> {
    const challenges = parseChallenges(answer.headers.get("www-authenticate") ?? "");
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    const credentials = await this.#credentials(signal);
    if (bearer) {
      this.#authorization = `Bearer ${await this.#fetchToken(answer, bearer.parameters, credentials, signal)}`;
    } else if (challenges.some(({ scheme }) => scheme === "basic")) {
      this.#authorization = credentials && basic(credentials);
    }
  }

  /** The token protocol of Docker's distribution (docs/spec/auth/token.md and oauth.md). */
  async #fetchToken(
    { url: registry, scope }: Answer,
    parameters: ReadonlyMap<string, string>,
    credentials: Credentials | undefined,
    signal: AbortSignal,
  ): Promise<string> {
    const realm = parameters.get("realm") ?? "";
    if (!URL.canParse(realm) || !mayConnect(new URL(realm), this.#registries.insecure)) {
      throw registryFailure(
        registry.host,
        `it wants sign-in at ${printable(realm.slice(0, 200)) || "no address"}, which is no HTTPS address`,
        "If you trust that network, list the host in registries.insecure.",
      );
    }
    const fields = new URLSearchParams();
    const repository = this.#repository;
    const service = parameters.get("service");
    if (service) fields.set("service", service);
    const wanted = parameters.get("scope") || (repository && `repository:${repository}:pull`);
    if (wanted) fields.set("scope", wanted);
    const url = new URL(realm);
    const common = { scope, sentBy: registry, signal };
    let answer: Answer;
    if (credentials?.kind === "identityToken") {
      fields.set("grant_type", "refresh_token");
      fields.set("client_id", "virtcontainers");
      fields.set("refresh_token", credentials.token);
      answer = await request(this.#registries, url, { ...common, form: fields });
    } else {
      for (const [key, value] of fields) url.searchParams.set(key, value);
      const authorization = credentials && basic(credentials);
      answer = await request(this.#registries, url, { ...common, authorization });
    }
    await refuseBusy(answer);
    if (answer.status !== 200) {
      throw signInFailure(
        registry.host,
        `sign-in at ${url.host} was answered with ${answer.status}${await explanationOf(answer)}`,
      );
    }
    const text = (await readAnswer(answer, maxTokenBytes)).toString("utf8");
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), tokenAnswer), text);
    const token = parsed.success ? parsed.output.token || parsed.output.access_token : undefined;
    if (!token || /[^\x21-\x7e]/.test(token)) {
      const page = htmlTitle(text) === undefined ? "" : " but an HTML page";
      throw registryFailure(url.host, `its sign-in gave no valid token${page}`, undefined);
    }
    return token;
  }
}

export function signInFailure(host: string, why: string) {
  return registryFailure(
    host,
    why,
    `Sign in with \`virtc login ${host}\` (docker login works too), or check the entry in Docker's config.json; if the image's name is wrong, many registries answer so too.`,
  );
}

function basic(credentials: Credentials): string | undefined {
  if (credentials.kind !== "password") return undefined;
  const pair = `${credentials.username}:${credentials.password}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}
