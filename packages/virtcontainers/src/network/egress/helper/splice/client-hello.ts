import { hostNamePattern } from "../../names.ts";
import type { Peeked } from "./peeked.ts";

const handshakeRecord = 22;
const clientHello = 1;
const maxRecordBytes = 16_384;
const serverName = 0;
const hostNameType = 0;

/** Reads the server's name from the first message of TLS (RFC 8446, RFC 6066), which may come in several records. */
export function peekClientHello(bytes: Buffer): Peeked {
  const messages: Buffer[] = [];
  let have = 0;
  let want: number | undefined;
  for (let at = 0; have < (want ?? 4); ) {
    if (at + 5 > bytes.length) return "more";
    if (bytes[at] !== handshakeRecord || bytes[at + 1] !== 3)
      return at === 0 ? { nameless: "it is not TLS" } : { wrong: "its ClientHello is damaged" };
    const length = bytes.readUInt16BE(at + 3);
    if (length === 0 || length > maxRecordBytes) return { wrong: "a record of TLS is too long" };
    const part = bytes.subarray(at + 5, at + 5 + length);
    messages.push(part);
    have += part.length;
    if (want === undefined && have >= 4) {
      const head = Buffer.concat(messages);
      if (head[0] !== clientHello) return { wrong: "it does not begin with a ClientHello" };
      want = 4 + head.readUIntBE(1, 3);
    }
    if (have < (want ?? 4) && at + 5 + length > bytes.length) return "more";
    at += 5 + length;
  }
  try {
    return readHello(new Reader(Buffer.concat(messages).subarray(4, want)));
  } catch {
    return { wrong: "its ClientHello is damaged" };
  }
}

function readHello(hello: Reader): Peeked {
  hello.skip(2 + 32);
  hello.skip(hello.number(1));
  hello.skip(hello.number(2));
  hello.skip(hello.number(1));
  if (hello.left === 0) return { nameless: "it names no server" };
  const extensions = hello.part(hello.number(2));
  let name: string | undefined;
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const value = extensions.part(extensions.number(2));
    if (type !== serverName) continue;
    if (name !== undefined) return { wrong: "it names its server twice" };
    const list = value.part(value.number(2));
    if (value.left > 0 || list.number(1) !== hostNameType)
      return { wrong: "its server's name is none" };
    name = list.part(list.number(2)).text().toLowerCase().replace(/\.$/, "");
    if (!hostNamePattern.test(name)) return { wrong: "its server's name is none" };
    if (list.left > 0) return { wrong: "it names several servers" };
  }
  return name === undefined ? { nameless: "it names no server" } : { name };
}

/** Throws a RangeError past the end. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  number(size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#at += size;
    return value;
  }

  skip(size: number): void {
    if (size > this.left) throw new RangeError("past the end");
    this.#at += size;
  }

  part(size: number): Reader {
    const from = this.#at;
    this.skip(size);
    return new Reader(this.#bytes.subarray(from, from + size));
  }

  text(): string {
    return this.#bytes.toString("latin1");
  }
}
