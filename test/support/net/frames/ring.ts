/** A part of the guest's memory that a buffer of its driver's is in. */
export type Part = Buffer;

/** The guest's memory, as the VMM lends it. */
export class Memory {
  readonly #regions: readonly { physical: bigint; virtual: bigint; bytes: Buffer }[];

  constructor(regions: readonly { physical: bigint; virtual: bigint; bytes: Buffer }[]) {
    this.#regions = regions;
  }

  physical(address: bigint, length: number): Buffer {
    return this.#find("physical", address).subarray(0, length);
  }

  /** From there to the region's end. */
  virtual(address: bigint): Buffer {
    return this.#find("virtual", address);
  }

  #find(by: "physical" | "virtual", address: bigint): Buffer {
    for (const region of this.#regions) {
      const at = address - region[by];
      if (at >= 0n && at < BigInt(region.bytes.length)) return region.bytes.subarray(Number(at));
    }
    throw new Error(`${address.toString(16)} is not the guest's`);
  }
}

/** A split virtqueue: virtio specification 1.2, 2.7. */
export class Ring {
  size = 0;
  next = 0;
  places: { table: bigint; available: bigint; used: bigint } | undefined;

  /** The next chain of the guest's; nothing if it has given none. */
  take(memory: Memory): { head: number; parts: Part[] } | undefined {
    if (this.places === undefined) return undefined;
    const table = memory.virtual(this.places.table);
    const available = memory.virtual(this.places.available);
    if (available.readUInt16LE(2) === this.next) return undefined;
    const head = available.readUInt16LE(4 + 2 * (this.next % this.size));
    this.next = (this.next + 1) & 0xffff;
    const parts: Part[] = [];
    for (let entry = head; ; entry = table.readUInt16LE(16 * entry + 14)) {
      const at = 16 * entry;
      parts.push(memory.physical(table.readBigUInt64LE(at), table.readUInt32LE(at + 8)));
      if ((table.readUInt16LE(at + 12) & 1) === 0) return { head, parts };
    }
  }

  /** Gives a chain back, of which so many bytes were written; true if the guest wants to be told. */
  give(memory: Memory, head: number, length: number): boolean {
    if (this.places === undefined) return false;
    const used = memory.virtual(this.places.used);
    const index = used.readUInt16LE(2);
    const at = 4 + 8 * (index % this.size);
    used.writeUInt32LE(head, at);
    used.writeUInt32LE(length, at + 4);
    used.writeUInt16LE((index + 1) & 0xffff, 2);
    return (memory.virtual(this.places.available).readUInt16LE() & 1) === 0;
  }
}
