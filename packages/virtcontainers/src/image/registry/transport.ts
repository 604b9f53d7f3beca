import { printable } from "../../errors.ts";
import { type AddressScope, isOutOfScope, widestScope } from "./address-scope.ts";
import { mayConnect, type ResolvedRegistries } from "./config.ts";
import { registryFailure } from "./failure.ts";
import { type Answer, type Body, type Method, send } from "./send.ts";

export interface RequestOptions {
  headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of the request alone, and no more once a redirect has left it. */
  authorization?: string | undefined;
  /** Default: GET. */
  method?: Method;
  /** Goes with the request as long as redirects keep its method. */
  body?: Body | undefined;
  /** Makes it a POST. It is secret: REGISTRY_FAILED if it shall go to another origin. */
  form?: URLSearchParams;
  /** Where the address and those of redirects may lie; default: anywhere. */
  scope?: AddressScope;
  /** Who named the address, if not the caller. */
  sentBy?: URL;
  signal: AbortSignal;
}

const maxRedirects = 5;

/** One request, with redirects. REGISTRY_FAILED, Interrupted. */
export async function request(
  registries: ResolvedRegistries,
  url: URL,
  options: RequestOptions,
): Promise<Answer> {
  const { signal } = options;
  let { authorization, form, scope = "local", method = "GET", body } = options;
  if (form) {
    method = "POST";
    body = textBody(form.toString());
  }
  let target = url;
  let from = options.sentBy ?? url;
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const headers = {
      ...options.headers,
      ...(authorization && { authorization }),
      ...(form && { "content-type": "application/x-www-form-urlencoded" }),
    };
    const most = registries.insecure.has(target.host) ? "local" : scope;
    const sent = { headers, method, body, scope: most, signal } as const;
    const answer = await send(registries, target, sent).catch((error: unknown) => {
      throw isOutOfScope(error) ? tooFar(from, target) : error;
    });
    scope = widestScope(scope, answer.scope);
    const location = answer.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) {
      return { ...answer, scope };
    }
    await answer.discard();
    from = target;
    target = redirectTarget(registries, from, location);
    if (answer.status < 304 && method !== "HEAD") {
      method = "GET";
      form = undefined;
      body = undefined;
    }
    if (target.origin !== url.origin) {
      if (form) throw otherOrigin(from, target);
      authorization = undefined;
    }
  }
  throw registryFailure(url.host, `it redirects more than ${maxRedirects} times`, undefined);
}

export function textBody(text: string): Body {
  const bytes = Buffer.from(text);
  return { size: bytes.length, read: () => [bytes] };
}

function redirectTarget(registries: ResolvedRegistries, from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) {
    throw registryFailure(from.host, "it redirects to an address that is none", undefined);
  }
  const target = new URL(location, from);
  if (
    !mayConnect(target, registries.insecure) ||
    (from.protocol === "https:" && target.protocol !== "https:")
  ) {
    throw registryFailure(
      from.host,
      `it redirects to ${printable(target.origin)}, which is not encrypted`,
      trustHint,
    );
  }
  return target;
}

const trustHint = "If you trust that network, list the host in registries.insecure.";

function tooFar(from: URL, target: URL) {
  const where = printable(target.host);
  return registryFailure(
    from.host,
    `it sends us to ${where}, an address of a network that it is not in itself`,
    `If you trust it with that, list ${where} in registries.insecure.`,
  );
}

function otherOrigin(from: URL, target: URL) {
  return registryFailure(
    from.host,
    `its sign-in redirects to ${printable(target.host)}, which must not have the secret`,
    "Sign in with user name and password, or tell who runs the registry.",
  );
}
