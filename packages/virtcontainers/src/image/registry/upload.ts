import { digestOf } from "../digest.ts";
import type { Reference } from "../reference.ts";
import type { StoreContext } from "../store/context.ts";
import { endpointsFor, mayConnect, type ResolvedRegistries } from "./config.ts";
import { findCredentials } from "./credentials.ts";
import { explanationOf } from "./explanation.ts";
import { registryFailure } from "./failure.ts";
import { withRetries } from "./retry.ts";
import type { Answer, Body } from "./send.ts";
import { Session, signInFailure } from "./session.ts";

/** Writes one repository of a registry (OCI distribution spec, "push"). */
export class Upload {
  readonly #registries: ResolvedRegistries;
  readonly #reference: Reference;
  readonly #session: Session;

  constructor(
    { host, logger }: StoreContext,
    registries: ResolvedRegistries,
    reference: Reference,
  ) {
    const { dockerConfigDir } = registries;
    // Mirrors are for reading.
    const endpoint = endpointsFor(reference.host, { ...registries, mirrors: new Map() })[0];
    if (endpoint === undefined) throw new RangeError("a registry has no address");
    this.#registries = registries;
    this.#reference = reference;
    this.#session = new Session(endpoint, registries, reference.path, (signal) =>
      findCredentials({ host, logger, dockerConfigDir }, reference.host, signal),
    );
  }

  /** Sends a blob in one piece, unless it is there; false if it was. REGISTRY_FAILED. */
  async blob(digest: string, body: Body, signal: AbortSignal): Promise<boolean> {
    return withRetries(this.#registries, signal, async () => {
      const head = await this.#session.ask(`blobs/${digest}`, { method: "HEAD" }, signal);
      await head.discard();
      if (head.status === 200) return false;
      const begun = await this.#session.ask("blobs/uploads/", { method: "POST" }, signal);
      if (begun.status !== 202) throw await this.#refusal(begun, "an upload");
      await begun.discard();
      const target = this.#targetOf(begun);
      target.searchParams.set("digest", digest);
      const headers = { "content-type": "application/octet-stream" };
      const sent = await this.#session.ask(target, { method: "PUT", headers, body }, signal);
      if (sent.status !== 201) throw await this.#refusal(sent, `the blob ${digest}`);
      await sent.discard();
      return true;
    });
  }

  /** Puts a manifest under a tag. REGISTRY_FAILED. */
  async manifest(
    tag: string,
    bytes: Buffer,
    mediaType: string,
    signal: AbortSignal,
  ): Promise<void> {
    await withRetries(this.#registries, signal, async () => {
      const answer = await this.#session.ask(
        `manifests/${tag}`,
        {
          method: "PUT",
          headers: { "content-type": mediaType },
          body: { size: bytes.length, read: () => [bytes] },
        },
        signal,
      );
      if (answer.status !== 201) throw await this.#refusal(answer, "the manifest");
      await answer.discard();
      const digest = answer.headers.get("docker-content-digest") ?? digestOf(bytes);
      if (digest === digestOf(bytes)) return;
      throw registryFailure(
        this.#reference.host,
        `it keeps another manifest than was sent`,
        undefined,
      );
    });
  }

  /** Where the registry wants the blob to be sent. */
  #targetOf(answer: Answer): URL {
    const location = answer.headers.get("location") ?? "";
    const { host } = this.#reference;
    if (location === "" || !URL.canParse(location, answer.url.href)) {
      throw registryFailure(host, "it does not say where an upload goes", undefined);
    }
    const target = new URL(location, answer.url);
    if (mayConnect(target, this.#registries.insecure)) return target;
    throw registryFailure(
      host,
      `it wants uploads at ${target.origin}, which is not encrypted`,
      "If you trust that network, list the host in registries.insecure.",
    );
  }

  async #refusal(answer: Answer, what: string) {
    const { status } = answer;
    const said = await explanationOf(answer);
    const { host, path } = this.#reference;
    if (status === 401 || status === 403) {
      return signInFailure(host, `it refuses ${what} of ${path} (${status}${said})`);
    }
    return registryFailure(host, `it answered ${status} for ${what} of ${path}${said}`, undefined);
  }
}
