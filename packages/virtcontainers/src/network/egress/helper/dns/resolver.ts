import type { RecordType } from "dns-packet";
import { TokenBucket } from "../token-bucket.ts";
import { type NameAnswer, readAnswer } from "./answer.ts";
import { ask } from "./ask.ts";

const maxCached = 2048;
const maxAtOnce = 128;
const perSecond = 100;
const failure: NameAnswer = { code: "SERVFAIL", records: [], ttlSeconds: 0 };

interface Cached {
  answer: NameAnswer;
  untilMs: number;
}

/** Resolves names at the servers, in turn; what is known or under way is not asked for twice. */
export class Resolver {
  readonly #servers: () => readonly string[];
  readonly #cache = new Map<string, Cached>();
  readonly #underWay = new Map<string, Promise<NameAnswer>>();
  readonly #bucket = new TokenBucket(perSecond, 4 * perSecond);

  constructor(servers: () => readonly string[]) {
    this.#servers = servers;
  }

  /** SERVFAIL if no server gives an answer, or if too many are asked for. */
  async resolve(name: string, type: RecordType): Promise<NameAnswer> {
    const key = `${type} ${name}`;
    const known = this.#cache.get(key);
    const left = known === undefined ? 0 : (known.untilMs - Date.now()) / 1000;
    if (known !== undefined && left > 0) return { ...known.answer, ttlSeconds: Math.ceil(left) };
    const waiting = this.#underWay.get(key);
    if (waiting !== undefined) return await waiting;
    if (this.#underWay.size >= maxAtOnce || !this.#bucket.take()) return failure;
    const asked = this.#ask(name, type).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    const answer = await asked;
    this.#keep(key, answer);
    return answer;
  }

  async #ask(name: string, type: RecordType): Promise<NameAnswer> {
    for (const server of this.#servers()) {
      try {
        const answer = readAnswer(await ask(server, name, type), name, type);
        if (answer.code !== "SERVFAIL") return answer;
      } catch {
        // The next one may know.
      }
    }
    return failure;
  }

  #keep(key: string, answer: NameAnswer): void {
    this.#cache.delete(key);
    if (answer.ttlSeconds === 0) return;
    this.#cache.set(key, { answer, untilMs: Date.now() + answer.ttlSeconds * 1000 });
    const [oldest] = this.#cache.keys();
    if (this.#cache.size > maxCached && oldest !== undefined) this.#cache.delete(oldest);
  }
}
