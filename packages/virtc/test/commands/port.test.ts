import { expect, test } from "vitest";
import { fakeImage, fakeLibrary } from "../support/library.ts";
import { over } from "../support/virtc.ts";

function setUp() {
  const library = fakeLibrary(async () => 0, [fakeImage("busybox")]);
  return { virtc: over(library) };
}

test("virtc port and ps tell the ports of the host that lead to a container", async () => {
  const { virtc } = setUp();
  const ports = ["-p", "8080:80", "-p", "127.0.0.1:5353:53/udp", "-p", "[::1]:81:81"];
  await virtc("sandbox", "create", "--id", "web", ...ports, "--image", "busybox", "httpd");
  expect((await virtc("port", "web")).out).toBe(
    "80/tcp -> 0.0.0.0:8080\n53/udp -> 127.0.0.1:5353\n81/tcp -> [::1]:81\n",
  );
  expect((await virtc("port", "web", "80")).out).toBe("0.0.0.0:8080\n");
  expect((await virtc("port", "web", "53/udp")).out).toBe("127.0.0.1:5353\n");
  expect(JSON.parse((await virtc("port", "web", "--json")).out)).toHaveLength(3);
  for (const [port, message] of [
    ["53", "no port of this host leads to 53/tcp of web"],
    ["53/icmp", 'the port: "53/icmp" is not allowed'],
  ] as const)
    expect(await virtc("port", "web", port)).toMatchObject({
      code: 125,
      err: expect.stringContaining(message),
    });
  const line = "0.0.0.0:8080->80/tcp, 127.0.0.1:5353->53/udp, [::1]:81->81/tcp";
  expect((await virtc("ps", "-a")).out).toContain(line);
  expect(JSON.parse((await virtc("ps", "-a", "--json")).out)[0].ports).toHaveLength(3);
});
