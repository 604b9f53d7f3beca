import { hostNamePattern } from "../../../names.ts";
import type { Peeked } from "../peeked.ts";

/** What ends the body of a request: so many bytes, or its last chunk. */
export type Framing = number | "chunked";

/** The head of a request, as every reader understands it. */
export interface RequestHead {
  /** The host, without a port and in small letters; empty if it names none. */
  name: string;
  body: Framing;
  /** It asks for a WebSocket on this connection. */
  webSocket: boolean;
  /** What is passed on of it: no upgrade but that. */
  text: string;
}

const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP\/1\.([01])$/;
const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;
const control = /[\0-\x08\n-\x1f\x7f]/;
const longestLength = /^\d{1,15}$/;
const otherProtocols = ["upgrade", "http2-settings"];

/** Reads the host from the first bytes of a connection. */
export function peekHttpHead(bytes: Buffer): Peeked {
  const text = bytes.toString("latin1");
  if (text.startsWith("PRI * HTTP/2.0")) return { wrong: "HTTP/2 without TLS names no host" };
  if (!couldBeHttp(text)) return { nameless: "it is not HTTP" };
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return /(^|[^\r])\n/.test(text) ? { wrong: "a line of it is damaged" } : "more";
  const head = readHead(text.slice(0, end));
  if ("wrong" in head) return head;
  return head.name === "" ? { nameless: "it names no host" } : { name: head.name };
}

/**
 * Reads a head without its last, empty line (RFC 9112). What two readers could understand in two ways is refused, so
 * that no request hides in another one.
 */
export function readHead(text: string): RequestHead | { wrong: string } {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target = "", minor] = requestLine.exec(first) ?? [];
  if (method === undefined) return { wrong: "it is not HTTP/1" };
  const headers: { name: string; value: string; line: string }[] = [];
  for (const line of lines) {
    const [, name, value] = header.exec(line) ?? [];
    if (name === undefined || value === undefined || control.test(value))
      return { wrong: "a header is damaged" };
    headers.push({ name: name.toLowerCase(), value, line });
  }
  const valuesOf = (wanted: string): string[] =>
    headers.flatMap(({ name, value }) => (name === wanted ? value : []));
  const name = nameOf(valuesOf("host"));
  if (typeof name !== "string") return name;
  if (!target.startsWith("/") && target !== "*" && absoluteHost(target) !== name)
    return { wrong: "it asks for another host than it names" };
  if (valuesOf("connection").some((value) => /(^|,)[ \t]*host[ \t]*(,|$)/i.test(value)))
    return { wrong: "it has its host left out on the way" };
  const body = framing(valuesOf("content-length"), valuesOf("transfer-encoding"), minor === "1");
  if (typeof body === "object") return body;
  const upgrade = valuesOf("upgrade").join();
  const webSocket = method === "GET" && body === 0 && /^websocket$/i.test(upgrade);
  const passed = headers.filter((each) => webSocket || !otherProtocols.includes(each.name));
  return {
    name,
    body,
    webSocket,
    text: [first, ...passed.map(({ line }) => line), "", ""].join("\r\n"),
  };
}

function nameOf([host = "", ...more]: readonly string[]): string | { wrong: string } {
  if (more.length > 0) return { wrong: "it names its host twice" };
  if (host === "") return "";
  const name = plainName(host);
  if (!hostNamePattern.test(name) && !/^\[[\da-f:.]+\]$/.test(name))
    return { wrong: "its host is no name" };
  return name;
}

function plainName(host: string): string {
  return host.replace(/:\d*$/, "").replace(/\.$/, "").toLowerCase();
}

function absoluteHost(target: string): string | undefined {
  const found = /^http:\/\/([^/?#@]+)(?:[/?#]|$)/i.exec(target)?.[1];
  return found === undefined ? undefined : plainName(found);
}

function framing(
  [length, ...lengths]: readonly string[],
  [coding, ...codings]: readonly string[],
  chunks: boolean,
): Framing | { wrong: string } {
  if (coding === undefined) {
    if (length === undefined) return 0;
    if (lengths.length > 0 || !longestLength.test(length))
      return { wrong: "its length is unclear" };
    return Number(length);
  }
  const clear = length === undefined && codings.length === 0 && chunks;
  return clear && /^chunked$/i.test(coding) ? "chunked" : { wrong: "its length is unclear" };
}

/** False for what no server takes for a request, even one that is lenient. */
function couldBeHttp(text: string): boolean {
  const [line = "", ...more] = text.trimStart().split("\n");
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]*(\s|$)/.test(line)) return false;
  return more.length === 0 || /HTTP\/|^\S*\s+(\/|\*|https?:)/i.test(line);
}
