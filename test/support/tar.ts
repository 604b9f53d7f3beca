/** One member of a hand-made tar archive; what is left out is 0, empty or root's. */
export interface TarMember {
  path: string;
  /** Default: "0" (file), or "5" (folder) for a path that ends with "/". */
  type?: string;
  content?: string | Uint8Array;
  linkTarget?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  devMajor?: number;
  devMinor?: number;
  /** Records of a PAX header before the member. */
  pax?: Readonly<Record<string, string | Uint8Array>>;
  /** Size that the header tells, where it is not the content's. */
  size?: number;
}

const block = 512;

/** A tar archive of these members in this order, good or bad; names are UTF-8 unless given as bytes in `pax`. */
export function makeTar(members: readonly TarMember[], options: { end?: boolean } = {}): Buffer {
  const parts = members.flatMap(encodeMember);
  return Buffer.concat(options.end === false ? parts : [...parts, Buffer.alloc(2 * block)]);
}

function encodeMember(member: TarMember): Buffer[] {
  const pax = new Map<string, string | Uint8Array>(Object.entries(member.pax ?? {}));
  if (Buffer.byteLength(member.path) > 100) pax.set("path", member.path);
  if (Buffer.byteLength(member.linkTarget ?? "") > 100)
    pax.set("linkpath", member.linkTarget ?? "");
  const content = Buffer.from(member.content ?? "");
  const parts = [header(member, member.size ?? content.length), padded(content)];
  if (pax.size === 0) return parts;
  const records = Buffer.concat([...pax].map(([key, value]) => record(key, value)));
  return [header({ path: "PaxHeader", type: "x" }, records.length), padded(records), ...parts];
}

function record(key: string, value: string | Uint8Array): Buffer {
  const tail = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from("\n")]);
  let length = tail.length + 1;
  while (length !== tail.length + String(length).length)
    length = tail.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), tail]);
}

function header(member: TarMember, size: number): Buffer {
  const raw = Buffer.alloc(block);
  raw.write(member.path, 0, 100, "utf8");
  const octal = (value: number, offset: number, length: number): void => {
    raw.write(value.toString(8).padStart(length - 1, "0"), offset, length - 1, "latin1");
  };
  const folder = member.path.endsWith("/");
  octal(member.mode ?? (folder ? 0o755 : 0o644), 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  octal(size, 124, 12);
  octal(member.mtime ?? 0, 136, 12);
  raw.write(member.type ?? (folder ? "5" : "0"), 156, "latin1");
  raw.write(member.linkTarget ?? "", 157, 100, "utf8");
  raw.write("ustar\0" + "00", 257, "latin1");
  octal(member.devMajor ?? 0, 329, 8);
  octal(member.devMinor ?? 0, 337, 8);
  raw.write("        ", 148, "latin1");
  const sum = raw.reduce((total, byte) => total + byte, 0);
  raw.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return raw;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);
}
