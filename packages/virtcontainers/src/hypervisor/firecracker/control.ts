import { request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import * as v from "valibot";
import { Deadline } from "../../deadline.ts";
import { isVirtError, printable, VirtError } from "../../errors.ts";
import { withErrorListener } from "../../host/error-listener.ts";
import type { Host } from "../../host/host.ts";

/** A call's own time limit, beside the caller's. */
const callTimeoutMs = 30_000;
/** No answer is larger: the largest is the whole configuration. */
const maxAnswer = 256 * 1024;
/** What Firecracker takes in one body, unless it is started with another limit. */
const maxBody = 51_200;

const Fault = v.object({ fault_message: v.string() });

/** The phase of errors that say that Firecracker's end of the connection went. */
export const connectionPhase = "firecracker.connection";

interface Call {
  readonly method: "GET" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object | undefined;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A client of Firecracker's API: each call is a connection of its own, so that none waits for another's answer. */
export class FirecrackerApi {
  readonly #sockets: Pick<Host["sockets"], "connect">;
  readonly #socketPath: string;

  constructor({ sockets }: { sockets: Pick<Host["sockets"], "connect"> }, socketPath: string) {
    this.#sockets = sockets;
    this.#socketPath = socketPath;
  }

  /** HYPERVISOR_FAILED with Firecracker's own words if it refuses, as of each call; TIMEOUT after 30 s. */
  async get<const S extends v.GenericSchema>(
    path: string,
    schema: S,
    signal: AbortSignal,
  ): Promise<v.InferOutput<S>> {
    const call = { method: "GET", path } as const;
    const { status, text } = await this.#send(call, signal);
    if (status !== 200) throw unexpected(call, status, text);
    const read = v.safeParse(schema, parseJson(call, text));
    if (read.success) return read.output;
    throw nonsense(call, text);
  }

  async put(path: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#write({ method: "PUT", path, body }, signal);
  }

  async patch(path: string, body: object, signal: AbortSignal): Promise<void> {
    await this.#write({ method: "PATCH", path, body }, signal);
  }

  async delete(path: string, signal: AbortSignal): Promise<void> {
    await this.#write({ method: "DELETE", path }, signal);
  }

  async #write(call: Call, signal: AbortSignal): Promise<void> {
    const { status, text } = await this.#send(call, signal);
    if (status !== 204) throw unexpected(call, status, text);
  }

  async #send(call: Call, signal: AbortSignal): Promise<Answer> {
    const text = call.body === undefined ? undefined : JSON.stringify(call.body);
    if (text !== undefined && Buffer.byteLength(text) > maxBody) {
      const message = `${nameOf(call)} would have more than the ${maxBody} bytes that Firecracker takes`;
      throw new VirtError("HYPERVISOR_FAILED", message);
    }
    using deadline = new Deadline({ signal }, callTimeoutMs, `Firecracker ${nameOf(call)}`);
    let stream: Duplex | undefined;
    try {
      stream = withErrorListener(
        await this.#sockets.connect(this.#socketPath, { signal: deadline.signal }),
      );
      return await deadline.race(exchange(stream, call, text));
    } catch (error) {
      if (deadline.signal.aborted) throw deadline.signal.reason;
      if (isVirtError(error, "HYPERVISOR_FAILED")) throw error;
      throw new VirtError("HYPERVISOR_FAILED", `Firecracker did not answer ${nameOf(call)}`, {
        cause: error,
        phase: connectionPhase,
      });
    } finally {
      stream?.destroy();
    }
  }
}

function exchange(stream: Duplex, call: Call, text: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // A stream that is closed before the request has it would never be told of.
    const onClosed = (): void => void setImmediate(reject, new Error("the connection was closed"));
    if (stream.destroyed) return onClosed();
    stream.once("close", onClosed);
    const { method, path } = call;
    // Chunked bodies are not known to every release.
    const headers = {
      Host: "localhost",
      Accept: "application/json",
      ...(text !== undefined && {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(text),
      }),
    };
    const request = httpRequest({ method, path, headers, createConnection: () => stream });
    request.on("error", reject);
    request.on("upgrade", () => reject(nonsense(call, "another protocol")));
    request.on("response", (response) => {
      // From here on the response itself tells of an early end.
      stream.off("close", onClosed);
      readAnswer(response, call).then(resolve, reject);
    });
    request.end(text);
  });
}

async function readAnswer(response: IncomingMessage, call: Call): Promise<Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    size += part.length;
    if (size > maxAnswer) {
      const message = `Firecracker answered ${nameOf(call)} with more than ${maxAnswer} bytes`;
      throw new VirtError("HYPERVISOR_FAILED", message);
    }
    parts.push(part);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(parts).toString("utf8") };
}

/** Of a status that is not the call's own. */
function unexpected(call: Call, status: number, text: string): VirtError {
  if (status < 400) return nonsense(call, `status ${status}`);
  const fault = v.safeParse(Fault, parseJson(call, text));
  if (!fault.success) return nonsense(call, text);
  const words = printable(fault.output.fault_message).slice(0, 1000);
  return new VirtError("HYPERVISOR_FAILED", `Firecracker refused ${nameOf(call)}: ${words}`);
}

function parseJson(call: Call, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw nonsense(call, text);
  }
}

function nonsense(call: Call, text: string): VirtError {
  const start = JSON.stringify(printable(text.slice(0, 80)));
  const message = `Firecracker answered ${nameOf(call)} with what its API does not have: ${start}`;
  return new VirtError("HYPERVISOR_FAILED", message);
}

function nameOf({ method, path }: Call): string {
  return `${method} ${path}`;
}
