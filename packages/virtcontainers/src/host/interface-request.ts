const nameBytes = 16;
const requestBytes = 40;

/** struct ifreq with flags (netdevice(7)). */
export function interfaceRequest(name: string, flags: number): Uint8Array {
  const bytes = Buffer.from(name);
  if (bytes.length === 0 || bytes.length >= nameBytes || bytes.includes(0))
    throw new Error(`${JSON.stringify(name)} is no name of an interface`);
  const request = Buffer.alloc(requestBytes);
  bytes.copy(request);
  new Uint16Array(request.buffer, request.byteOffset + nameBytes, 1)[0] = flags;
  return request;
}
