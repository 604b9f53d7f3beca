/** One entry of an initramfs. */
export interface CpioEntry {
  path: string;
  /** Type and permissions, as in st_mode. */
  mode: number;
  data?: Uint8Array;
  /** Major and minor number of a device node. */
  device?: readonly [number, number];
}

/** An archive as the kernel unpacks it: the "newc" format of its Documentation/driver-api/early-userspace/buffer-format.rst. */
export function cpio(entries: readonly CpioEntry[]): Buffer {
  const all = [...entries, { path: "TRAILER!!!", mode: 0 }];
  return Buffer.concat(all.map((entry, index) => member(entry, index + 1)));
}

function member({ path, mode, data, device }: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const body = data ?? Buffer.alloc(0);
  const [major, minor] = device ?? [0, 0];
  const fields = [inode, mode, 0, 0, 1, 0, body.length, 0, 0, major, minor, name.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
  return Buffer.concat([padded(Buffer.concat([Buffer.from(header), name])), padded(body)]);
}

/** Members begin at multiples of four bytes. */
export function padded(data: Uint8Array): Buffer {
  return Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
}
