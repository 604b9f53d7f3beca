import { closeSync } from "node:fs";
import { mapped, readFrom, receive, whenReadable, writeTo } from "./libc.ts";
import { Memory, Ring } from "./ring.ts";

/** VIRTIO_F_VERSION_1 and VHOST_USER_F_PROTOCOL_FEATURES. */
const features = (1n << 32n) | (1n << 30n);
const headerBytes = 12;

const request = {
  getFeatures: 1,
  setMemoryTable: 5,
  setRingSize: 8,
  setRingPlaces: 9,
  setRingBase: 10,
  getRingBase: 11,
  setKick: 12,
  setCall: 13,
  getProtocolFeatures: 15,
} as const;

interface Queue {
  ring: Ring;
  call?: number | undefined;
  stop?: (() => void) | undefined;
}

/** A network device by the protocol vhost-user, of one pair of queues, without any offload. */
export class Device {
  readonly #connection: number;
  readonly #tap: number;
  readonly #queues: [Queue, Queue] = [{ ring: new Ring() }, { ring: new Ring() }];
  readonly #unwatch: () => void;
  #memory: Memory | undefined;

  constructor(connection: number, tap: number) {
    this.#connection = connection;
    this.#tap = tap;
    this.#unwatch = whenReadable(connection, () => this.#serve());
  }

  /** Gives the guest a frame; without room there it is lost. */
  deliver(frame: Buffer): void {
    const [queue] = this.#queues;
    const taken = this.#memory && queue.stop && queue.ring.take(this.#memory);
    if (taken === undefined) return;
    // A header of no offloads, of one buffer.
    const header = Buffer.alloc(headerBytes);
    header.writeUInt16LE(1, headerBytes - 2);
    const whole = Buffer.concat([header, frame]);
    let written = 0;
    for (const part of taken.parts) written += whole.copy(part, 0, written);
    this.#give(queue, taken.head, written);
  }

  #serve(): void {
    const head = receive(this.#connection, 12);
    if (head === undefined) return;
    if (head.bytes.length < 12) {
      this.#close();
      return;
    }
    const [kind, size] = [head.bytes.readUInt32LE(), head.bytes.readUInt32LE(8)];
    const body =
      size === 0 ? Buffer.alloc(0) : receive(this.#connection, size, { wait: true })?.bytes;
    const answer = this.#answer(kind, body ?? Buffer.alloc(0), head.fds);
    if (answer === undefined) return;
    const about = Buffer.alloc(12);
    about.writeUInt32LE(kind);
    about.writeUInt32LE(1 | 4, 4);
    about.writeUInt32LE(answer.length, 8);
    writeTo(this.#connection, Buffer.concat([about, answer]));
  }

  #answer(kind: number, body: Buffer, fds: readonly number[]): Buffer | undefined {
    switch (kind) {
      case request.getFeatures:
        return number64(features);
      case request.getProtocolFeatures:
        return number64(0n);
      case request.setMemoryTable:
        this.#memory = lent(body, fds);
        return undefined;
      case request.setRingSize:
        this.#queue(body).ring.size = body.readUInt32LE(4);
        return undefined;
      case request.setRingPlaces: {
        const [table, used, available] = [8, 16, 24].map((at) => body.readBigUInt64LE(at));
        if (table !== undefined && used !== undefined && available !== undefined)
          this.#queue(body).ring.places = { table, used, available };
        return undefined;
      }
      case request.setRingBase:
        this.#queue(body).ring.next = body.readUInt32LE(4);
        return undefined;
      case request.getRingBase: {
        const queue = this.#queue(body);
        queue.stop?.();
        const base = Buffer.from(body.subarray(0, 8));
        base.writeUInt32LE(queue.ring.next, 4);
        return base;
      }
      case request.setCall: {
        const queue = this.#queue(body);
        if (queue.call !== undefined) closeSync(queue.call);
        [queue.call] = fds;
        return undefined;
      }
      case request.setKick: {
        const [kick] = fds;
        if (kick !== undefined) this.#watch(this.#queue(body), kick);
        return undefined;
      }
    }
    return undefined;
  }

  /** The first byte of what is said of a queue is its number. */
  #queue(body: Buffer): Queue {
    return this.#queues[body[0] === 0 ? 0 : 1];
  }

  #watch(queue: Queue, kick: number): void {
    queue.stop?.();
    const unwatch = whenReadable(kick, () => {
      readFrom(kick);
      if (queue === this.#queues[1]) this.#send(queue);
    });
    queue.stop = () => {
      unwatch();
      closeSync(kick);
      queue.stop = undefined;
    };
  }

  #send(queue: Queue): void {
    if (this.#memory === undefined) return;
    for (;;) {
      const taken = queue.ring.take(this.#memory);
      if (taken === undefined) return;
      carry(this.#tap, Buffer.concat(taken.parts).subarray(headerBytes));
      this.#give(queue, taken.head, 0);
    }
  }

  #give(queue: Queue, head: number, length: number): void {
    if (this.#memory === undefined || !queue.ring.give(this.#memory, head, length)) return;
    if (queue.call !== undefined) writeTo(queue.call, number64(1n));
  }

  #close(): void {
    this.#unwatch();
    closeSync(this.#connection);
    for (const queue of this.#queues) queue.stop?.();
    this.#memory = undefined;
  }
}

/** To a tap whose link may be down. */
export function carry(tap: number, frame: Buffer): void {
  try {
    writeTo(tap, frame);
  } catch {}
}

function lent(body: Buffer, fds: readonly number[]): Memory {
  const regions = fds.map((fd, index) => {
    const at = (part: number): bigint => body.readBigUInt64LE(8 + 32 * index + 8 * part);
    const [physical, size, virtual, offset] = [at(0), Number(at(1)), at(2), Number(at(3))];
    const bytes = mapped(fd, size + offset).subarray(offset);
    closeSync(fd);
    return { physical, virtual, bytes };
  });
  return new Memory(regions);
}

function number64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}
