import { invalidArgument } from "../errors.ts";
import { isDigest } from "./digest.ts";

/** A reference to an image, taken apart; the grammar is that of Docker's distribution/reference. */
export interface Reference {
  /** Registry with port, such as `docker.io` or `127.0.0.1:5000`. */
  host: string;
  /** True if the host was written, false if it is the default. */
  explicitHost: boolean;
  /** Repository within the registry, such as `library/alpine`. */
  path: string;
  /** Undefined only where there is a digest. */
  tag: string | undefined;
  digest: string | undefined;
  /** The whole in its normal form: `docker.io/library/alpine:3`, with a digest instead of the tag if given. */
  name: string;
  /** The form without registry, under which an imported image may stand: `alpine:3`. */
  localName: string;
}

const defaultHost = "docker.io";
const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const pathPattern = new RegExp(`^${component}(?:/${component})*$`);
const tagPattern = /^\w[\w.-]{0,127}$/;
const hostPattern =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::([0-9]{1,5}))?$/;
const example =
  "it is [host[:port]/]name[:tag][@sha256:digest], as in alpine:3 or 127.0.0.1:5000/team/app:1.2";

/** Takes a reference apart and fills in the defaults docker.io, library/ and latest. INVALID_ARGUMENT. */
export function parseReference(text: string, field = "image"): Reference {
  const refuse = (why: string) => invalidArgument(field, text, why);
  if (typeof text !== "string" || text === "" || text.length > 512) throw refuse(example);
  if (text.includes("://")) throw refuse(`leave out the part before ://; ${example}`);
  const [beforeDigest = "", digest, ...more] = text.split("@");
  if (more.length > 0) throw refuse(example);
  if (digest !== undefined && !isDigest(digest)) {
    throw refuse("its digest must be sha256: and 64 hex digits (0-9, a-f)");
  }
  const slash = beforeDigest.indexOf("/");
  const first = slash === -1 ? "" : beforeDigest.slice(0, slash);
  const explicitHost = /[.:]|^localhost$|[A-Z]/.test(first);
  const rest = explicitHost ? beforeDigest.slice(slash + 1) : beforeDigest;
  const host = explicitHost ? normalHost(first) : defaultHost;
  const port = hostPattern.exec(host)?.[1];
  if (!hostPattern.test(host) || Number(port ?? 1) < 1 || Number(port ?? 1) > 65535) {
    throw refuse("its registry must be a host name or address with an optional port (1 to 65535)");
  }
  const colon = rest.indexOf(":");
  const written = colon === -1 ? rest : rest.slice(0, colon);
  const tag = colon === -1 ? (digest ? undefined : "latest") : rest.slice(colon + 1);
  if (written !== written.toLowerCase()) throw refuse("its name must be in lower case");
  if (!pathPattern.test(written)) throw refuse(example);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw refuse(
      "its tag must have 1 to 128 characters of [a-zA-Z0-9_.-] and not begin with . or -",
    );
  }
  const path = host === defaultHost && !written.includes("/") ? `library/${written}` : written;
  if (`${host}/${path}`.length > 255) throw refuse("its name must have at most 255 characters");
  const ending = digest === undefined ? `:${tag}` : `@${digest}`;
  return {
    host,
    explicitHost,
    path,
    tag,
    digest,
    name: `${host}/${path}${ending}`,
    localName: `${written}${ending}`,
  };
}

/** The name that an image of this host gets: with a registry's host as for pulls, without one as it is. */
export function storedName(text: string, field: string): string {
  const reference = parseReference(text, field);
  if (reference.digest !== undefined) {
    throw invalidArgument(field, text, "an image gets a tag, not a digest");
  }
  return reference.explicitHost ? reference.name : reference.localName;
}

function normalHost(host: string): string {
  const lower = host.toLowerCase();
  // By its capitals alone it is known as a host.
  const kept = /[.:]|^localhost$/.test(lower) ? lower : host;
  return ["index.docker.io", "registry-1.docker.io"].includes(lower) ? defaultHost : kept;
}
