import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { parsePublish } from "../../src/args/network/publish.ts";
import { choosePorts } from "../../src/network/free-ports.ts";

const nobody = () => false;

/** A TCP port of 127.0.0.1 that is listened on. */
async function listening() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, [Symbol.dispose]: () => void server.close() };
}

test("a single port of the host is taken as it is", async () => {
  using taken = await listening();
  const published = parsePublish(`127.0.0.1:${taken.port}:80`);
  expect(await choosePorts(published, nobody)).toEqual([
    { hostPort: taken.port, containerPort: 80, protocol: "tcp", hostIP: "127.0.0.1" },
  ]);
});

test("where any would do, each gets another one, and none is held afterwards", async () => {
  const before = sockets();
  const published = ["80", "81", "127.0.0.1::82", "53/udp", "54/udp", "9/sctp"].flatMap(
    parsePublish,
  );
  const chosen = await choosePorts(published, nobody);
  expect(chosen.map(({ containerPort }) => containerPort)).toEqual([80, 81, 82, 53, 54, 9]);
  const keys = chosen.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`);
  expect(new Set(keys).size).toBe(6);
  // A socket that is held is a resource of this process; one that is closed goes at the end of the event loop's turn.
  await setImmediate();
  await setImmediate();
  expect(sockets()).toEqual(before);
});

function sockets(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSERVER|UDP)/.test(name));
}

test("of a range, one that nobody listens on and no sandbox has", async () => {
  using taken = await listening();
  const { port } = taken;
  const last = Math.min(port + 20, 65_535);
  const [published] = parsePublish(`127.0.0.1:${port}-${last}:80`);
  const seen: number[] = [];
  const [chosen] = await choosePorts(published ? [published] : [], ({ hostPort }) => {
    seen.push(hostPort);
    return hostPort === port + 1;
  });
  expect(seen).toContain(port + 1);
  expect(chosen?.hostPort).toBeGreaterThan(port + 1);
  expect(chosen?.hostPort).toBeLessThanOrEqual(last);
});

test("a range without a free one is refused, and so is an address of another host", async () => {
  const range = parsePublish("127.0.0.1:40000-40001:80/udp");
  await expect(choosePorts(range, () => true)).rejects.toThrow(
    "--publish: no port from 40000 to 40001 is free for 80/udp",
  );
  await expect(choosePorts(parsePublish("192.0.2.1::80"), nobody)).rejects.toThrow(
    "--publish: this host has no such address",
  );
});
