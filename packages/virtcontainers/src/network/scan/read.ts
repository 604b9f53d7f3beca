import * as v from "valibot";
import { VirtError } from "../../errors.ts";
import type { Host } from "../../host/host.ts";
import { Link, Neighbor, Route } from "./ip.ts";

/** All that is in a network namespace. */
export interface Namespace {
  links: Link[];
  routes: (Route & { family: "v4" | "v6" })[];
  neighbors: Neighbor[];
}

/** Asks twice, at once: for all but the routes of IPv6, and for those. */
export async function readNamespace(
  { network }: Pick<Host, "network">,
  path: string,
  signal: AbortSignal,
): Promise<Namespace> {
  const ip = async (args: string[], input?: string): Promise<unknown[]> => {
    const options = { signal, ...(input !== undefined && { input }) };
    const { code, stdout, stderr } = await network.run(path, "ip", args, options);
    if (code === 0) return stdout.split("\n").filter(isText).map(parseJson);
    throw new VirtError("HOST_FAILED", `ip can't list what is in ${path}: ${stderr.trim()}`);
  };
  const questions = "addr show\nroute show table main\nneigh show\n";
  const [[links, routes, neighbors], [routes6]] = await Promise.all([
    ip(["-j", "-d", "-batch", "-"], questions),
    ip(["-6", "-j", "-d", "route", "show", "table", "main"]),
  ]);
  const v4 = read(v.array(Route), routes).map((route) => ({ ...route, family: "v4" as const }));
  const v6 = read(v.array(Route), routes6).map((route) => ({ ...route, family: "v6" as const }));
  return {
    links: read(v.array(Link), links),
    routes: [...v4, ...v6],
    neighbors: read(v.array(Neighbor), neighbors),
  };
}

function isText(line: string): boolean {
  return line.trim() !== "";
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw unknownForm(cause);
  }
}

function read<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const found = v.safeParse(schema, value ?? []);
  if (found.success) return found.output;
  throw unknownForm(new v.ValiError(found.issues));
}

function unknownForm(cause: unknown): VirtError {
  return new VirtError("HOST_FAILED", "the answer of ip is not of the known form", {
    cause,
    hint: "Install iproute2 5.13 or newer.",
  });
}
