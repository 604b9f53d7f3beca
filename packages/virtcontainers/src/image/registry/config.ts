import { homedir } from "node:os";
import { join } from "node:path";
import { invalidArgument } from "../../errors.ts";

/** How registries are reached. */
export interface RegistriesConfig {
  /**
   * For a registry's host (such as `docker.io`), the base addresses to try before it, in order, such as
   * `https://mirror.example.com` or `http://127.0.0.1:5000`.
   */
  mirrors?: Readonly<Record<string, readonly string[]>>;
  /** Hosts (with port, where there is one) that are spoken to over plain HTTP. Loopback ones need no entry. */
  insecure?: readonly string[];
  /** Folder with Docker's config.json; default: DOCKER_CONFIG, else `.docker` in the home folder. */
  dockerConfigDir?: string;
  /** Pause before a failed request is tried again, in milliseconds, doubled each time; default 250. */
  retryDelayMs?: number;
  /** Longest silence of a registry, in milliseconds, before a request counts as failed; default 30,000. */
  silenceTimeoutMs?: number;
}

/** RegistriesConfig with its defaults filled in and its addresses checked. */
export interface ResolvedRegistries {
  mirrors: ReadonlyMap<string, readonly URL[]>;
  insecure: ReadonlySet<string>;
  dockerConfigDir: string;
  retryDelayMs: number;
  silenceTimeoutMs: number;
}

/** Checks the configuration. INVALID_ARGUMENT naming a wrong address. */
export function registriesConfig(config: RegistriesConfig = {}): ResolvedRegistries {
  const insecure = new Set(config.insecure);
  const mirrors = new Map<string, URL[]>();
  for (const [host, addresses] of Object.entries(config.mirrors ?? {})) {
    mirrors.set(
      host,
      addresses.map((address) => mirrorUrl(host, address, insecure)),
    );
  }
  return {
    mirrors,
    insecure,
    dockerConfigDir:
      config.dockerConfigDir || process.env.DOCKER_CONFIG || join(homedir(), ".docker"),
    retryDelayMs: config.retryDelayMs ?? 250,
    silenceTimeoutMs: config.silenceTimeoutMs ?? 30_000,
  };
}

function mirrorUrl(host: string, address: string, insecure: ReadonlySet<string>): URL {
  const field = `registries.mirrors.${host}`;
  if (!URL.canParse(address)) {
    throw invalidArgument(
      field,
      address,
      "it must be an address such as https://mirror.example.com",
    );
  }
  const url = new URL(address);
  if (url.username || url.password) {
    const why = "it must have no user and password; put them into Docker's config.json";
    throw invalidArgument(field, `${url.protocol}//${url.host}`, why);
  }
  if (!mayConnect(url, insecure)) {
    throw invalidArgument(
      field,
      address,
      "it must begin with https://; http:// is only for loopback addresses and hosts listed in registries.insecure",
    );
  }
  return url;
}

/** The scheme for a registry's host: plain HTTP only on loopback or where it is configured. */
export function schemeFor(host: string, insecure: ReadonlySet<string>): "http" | "https" {
  return isLoopback(new URL(`http://${host}`).hostname) || insecure.has(host) ? "http" : "https";
}

/**
 * True for HTTPS, and for HTTP to loopback or a host that is configured so. Not with user and password
 * in the address: they would be shown in messages.
 */
export function mayConnect(url: URL, insecure: ReadonlySet<string>): boolean {
  if (url.username || url.password) return false;
  if (url.protocol === "https:") return true;
  return url.protocol === "http:" && (isLoopback(url.hostname) || insecure.has(url.host));
}

export function isLoopback(hostname: string): boolean {
  return (
    /^127(?:\.[0-9]{1,3}){3}$/.test(hostname) || hostname === "[::1]" || hostname === "localhost"
  );
}

/** Where a repository's API is found, mirrors first. */
export function endpointsFor(host: string, registries: ResolvedRegistries): URL[] {
  const api = host === "docker.io" ? "registry-1.docker.io" : host;
  const origin = new URL(`${schemeFor(api, registries.insecure)}://${api}`);
  return [...(registries.mirrors.get(host) ?? []), origin];
}
