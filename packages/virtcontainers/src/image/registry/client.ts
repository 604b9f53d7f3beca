import { isVirtError, VirtError } from "../../errors.ts";
import { digestOf } from "../digest.ts";
import { invalidImage } from "../failure.ts";
import { maxDocumentBytes } from "../limits.ts";
import { type Descriptor, indexTypes, manifestTypes } from "../manifest.ts";
import type { Reference } from "../reference.ts";
import type { StoreContext } from "../store/context.ts";
import { endpointsFor, type ResolvedRegistries } from "./config.ts";
import { findCredentials } from "./credentials.ts";
import { explanationOf, readAnswer } from "./explanation.ts";
import { Interrupted, registryFailure } from "./failure.ts";
import { pauseAfter, withRetries } from "./retry.ts";
import type { Answer } from "./send.ts";
import { Session, signInFailure } from "./session.ts";

/** Reads one repository of a registry (OCI distribution spec, "pull"), through its mirrors first. */
export class RegistryClient {
  readonly #context: StoreContext;
  readonly #registries: ResolvedRegistries;
  readonly #reference: Reference;
  readonly #sessions: readonly Session[];

  constructor(context: StoreContext, registries: ResolvedRegistries, reference: Reference) {
    this.#context = context;
    this.#registries = registries;
    this.#reference = reference;
    const { host, logger } = context;
    const { dockerConfigDir } = registries;
    const endpoints = endpointsFor(reference.host, registries);
    this.#sessions = endpoints.map((endpoint, number) => {
      const name = number === endpoints.length - 1 ? reference.host : endpoint.host;
      return new Session(endpoint, registries, reference.path, (signal) =>
        findCredentials({ host, logger, dockerConfigDir }, name, signal),
      );
    });
  }

  /** A manifest or index by tag or digest. IMAGE_NOT_FOUND, REGISTRY_FAILED, IMAGE_INVALID. */
  async manifest(
    tagOrDigest: string,
    signal: AbortSignal,
    wanted?: Descriptor,
  ): Promise<{ bytes: Buffer; digest: string }> {
    const accept = [...manifestTypes, ...indexTypes].join(", ");
    const bytes = await this.#document(`manifests/${tagOrDigest}`, { accept }, signal);
    const digest = digestOf(bytes);
    const expected = wanted?.digest ?? (tagOrDigest.includes(":") ? tagOrDigest : digest);
    if (digest !== expected) {
      throw invalidImage(`the manifest is damaged: its digest is ${digest}, not ${expected}`);
    }
    return { bytes, digest };
  }

  /** A small blob, such as a configuration, in whole. */
  async document(wanted: Descriptor, what: string, signal: AbortSignal): Promise<Buffer> {
    if (wanted.size > maxDocumentBytes) {
      throw invalidImage(`${what} has ${wanted.size} bytes; ${maxDocumentBytes} is the limit`);
    }
    const bytes = await this.#document(`blobs/${wanted.digest}`, {}, signal);
    const actual = digestOf(bytes);
    if (actual === wanted.digest) return bytes;
    throw invalidImage(`${what} is damaged: its digest is ${actual}, not ${wanted.digest}`);
  }

  /** A blob as a stream; where the connection breaks, it goes on from there with a Range request. */
  async *blob(wanted: Descriptor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let received = 0;
    for (let tries = 1; ; tries++) {
      try {
        const from = received;
        const opened = await this.#each(signal, (session) =>
          this.#openBlob(session, wanted, from, signal),
        );
        if (!opened) return;
        for await (const part of skipFirst(opened.answer, opened.skip)) {
          received += part.length;
          tries = 0;
          yield part;
        }
        if (received >= wanted.size) return;
        throw cutShort(this.#reference.host);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Interrupted)) throw error;
        const { logger } = this.#context;
        logger.warn({ digest: wanted.digest, received }, error.message);
        await pauseAfter(this.#registries, error, Math.max(tries, 1), signal);
      }
    }
  }

  /** Undefined if there is nothing from that byte on. */
  async #openBlob(
    session: Session,
    wanted: Descriptor,
    from: number,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; skip: number } | undefined> {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const answer = await session.get(`blobs/${wanted.digest}`, headers, signal);
    if (answer.status === 200) return { answer, skip: from };
    const range = answer.headers.get("content-range") ?? "";
    if (answer.status === 206 && range.startsWith(`bytes ${from}-`)) return { answer, skip: 0 };
    if (answer.status === 206) {
      await answer.discard();
      const why = `it sent another part of a layer than the one from byte ${from} on`;
      throw new Interrupted(registryFailure(answer.url.host, why, undefined));
    }
    if (answer.status === 416) {
      await answer.discard();
      return undefined;
    }
    throw await this.#refusal(session, answer, `the blob ${wanted.digest}`);
  }

  async #document(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Buffer> {
    return this.#each(signal, async (session) => {
      const answer = await session.get(path, headers, signal);
      if (answer.status !== 200) throw await this.#refusal(session, answer, path);
      return readAnswer(answer, maxDocumentBytes);
    });
  }

  /** Asks the mirrors in their order and the registry itself last, each with tries of its own. */
  async #each<T>(signal: AbortSignal, ask: (session: Session) => Promise<T>): Promise<T> {
    const last = this.#sessions.at(-1);
    for (const session of this.#sessions) {
      try {
        return await withRetries(this.#registries, signal, () => ask(session));
      } catch (error) {
        const another = isVirtError(error, "REGISTRY_FAILED", "IMAGE_NOT_FOUND");
        if (session === last || !another) throw error;
        this.#context.logger.warn({ mirror: session.endpoint.host }, error.message);
      }
    }
    throw new RangeError("a registry has no address");
  }

  async #refusal(session: Session, answer: Answer, what: string): Promise<VirtError> {
    const { status } = answer;
    const { host } = session.endpoint;
    const said = await explanationOf(answer);
    if (answer.url.origin !== session.endpoint.origin) {
      const where = answer.url.host;
      const why = `it redirects to ${where}, which answered ${status} for ${what}${said}`;
      return registryFailure(host, why, "Try again; if it stays, tell who runs the registry.");
    }
    if (status === 401 || status === 403) {
      return signInFailure(
        this.#reference.host,
        `it refuses ${this.#reference.path} (${status}${said})`,
      );
    }
    if (status === 404 && what.startsWith("manifests/")) {
      return new VirtError("IMAGE_NOT_FOUND", `${host} has no image ${this.#reference.name}`, {
        hint: "Check the spelling of name and tag.",
      });
    }
    return registryFailure(host, `it answered ${status} for ${what}${said}`, undefined);
  }
}

function cutShort(host: string): Interrupted {
  const hint = "Check the network connection, and that the registry is up.";
  return new Interrupted(registryFailure(host, "it ended a layer too early", hint));
}

/** The body without its first bytes, for a registry that does not know Range. */
async function* skipFirst(answer: Answer, count: number): AsyncGenerator<Uint8Array> {
  let skip = count;
  for await (const part of answer.body()) {
    if (skip >= part.length) skip -= part.length;
    else {
      yield skip > 0 ? part.subarray(skip) : part;
      skip = 0;
    }
  }
}
