import type { Peeked } from "./client-hello.ts";

const requestLine = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ (\S+) HTTP\/1\.[01]$/;
const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/;

/** Reads the host from the head of a request (RFC 9112). What two readers could understand in two ways is refused. */
export function peekHttpHead(bytes: Buffer): Peeked {
  const text = bytes.toString("latin1");
  if (text.startsWith("PRI * HTTP/2.0")) return { wrong: "HTTP/2 without TLS names no host" };
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end < 0 ? undefined : end).split("\r\n");
  if (end < 0) {
    const looksLikeIt = /^[!-~]*( [!-~]*( [!-~]*)?)?$/.test(
      lines.length === 0 ? first.replace(/\r$/, "") : "",
    );
    return lines.length > 0 || looksLikeIt ? "more" : { wrong: "it is not HTTP" };
  }
  const target = requestLine.exec(first)?.[1];
  if (target === undefined) return { wrong: "it is not HTTP/1" };
  const hosts: string[] = [];
  for (const line of lines) {
    const [, name, value] = header.exec(line) ?? [];
    if (name === undefined || value === undefined || /[\r\n\0]/.test(line))
      return { wrong: "a header is damaged" };
    if (name.toLowerCase() === "host") hosts.push(value);
  }
  const [host, ...more] = hosts;
  if (host === undefined || more.length > 0) return { wrong: "it does not name one host" };
  const name = nameOf(host);
  if (!target.startsWith("/") && target !== "*" && absoluteHost(target) !== name)
    return { wrong: "it asks for another host than it names" };
  return { name };
}

function nameOf(host: string): string {
  return host.replace(/:\d*$/, "").toLowerCase();
}

function absoluteHost(target: string): string | undefined {
  const found = /^http:\/\/([^/?#@]+)(?:[/?#]|$)/i.exec(target)?.[1];
  return found === undefined ? undefined : nameOf(found);
}
