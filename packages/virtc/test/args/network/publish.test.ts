import { describe, expect, it } from "vitest";
import { parsePublish } from "../../../src/args/network/publish.ts";

const tcp = { protocol: "tcp", hostIP: undefined };
const one = (first: number, last = first) => ({ first, last });

describe("--publish", () => {
  it.each([
    ["8080:80", { ...tcp, containerPort: 80, hostPorts: one(8080) }],
    ["80", { ...tcp, containerPort: 80, hostPorts: undefined }],
    [":80", { ...tcp, containerPort: 80, hostPorts: undefined }],
    ["0:80", { ...tcp, containerPort: 80, hostPorts: undefined }],
    ["80/SCTP", { ...tcp, protocol: "sctp", containerPort: 80, hostPorts: undefined }],
    [
      "127.0.0.1:5353:53/udp",
      { protocol: "udp", hostIP: "127.0.0.1", containerPort: 53, hostPorts: one(5353) },
    ],
    ["127.0.0.1::80", { ...tcp, hostIP: "127.0.0.1", containerPort: 80, hostPorts: undefined }],
    ["[::1]:80:80", { ...tcp, hostIP: "::1", containerPort: 80, hostPorts: one(80) }],
    ["[::]::80", { ...tcp, hostIP: "::", containerPort: 80, hostPorts: undefined }],
    ["8000-8010:80", { ...tcp, containerPort: 80, hostPorts: one(8000, 8010) }],
    ["65535:65535", { ...tcp, containerPort: 65_535, hostPorts: one(65_535) }],
  ])("%s", (text, port) => {
    expect(parsePublish(text)).toEqual([port]);
  });

  it("takes ranges port by port", () => {
    expect(parsePublish("8000-8001:90-91/udp")).toEqual([
      { protocol: "udp", hostIP: undefined, containerPort: 90, hostPorts: one(8000) },
      { protocol: "udp", hostIP: undefined, containerPort: 91, hostPorts: one(8001) },
    ]);
    expect(parsePublish("1-65535").length).toBe(65_535);
    expect(parsePublish("90-91").map(({ hostPorts }) => hostPorts)).toEqual([undefined, undefined]);
  });

  it.each([
    ["8000-8001:80-82", "both ranges must have as many ports: 2 of the host, 3 of the container"],
    ["8000:80-82", "both ranges must have as many ports: 1 of the host, 3 of the container"],
    ["8080:80/icmp", "the protocol must be tcp, udp, sctp"],
    ["8080:80/toString", "the protocol must be tcp, udp, sctp"],
    ["1.2.3:80:80", "it must be an IPv4 or IPv6 address"],
    ["[fe80::1%eth0]:80:80", "it must be an IPv4 or IPv6 address"],
    ["example.org:80:80", "it must be an IPv4 or IPv6 address"],
  ])("refuses %s: %s", (text, rule) => {
    expect(() => parsePublish(text)).toThrow(
      `--publish: ${JSON.stringify(text)} is not allowed; ${rule}`,
    );
  });

  it.each([
    "",
    "a",
    "8080:",
    "65536",
    "80:65536",
    "0",
    "81-80",
    "80-",
    "-80",
    "80:-1",
    "::1:80:80",
    "[::1:80:80",
    "1:2:3:4",
    "80/",
    "80/tcp/udp",
    "+80",
    "8e1",
    "80\n",
    "0-2:80-82",
  ])("refuses %j", (text) => {
    expect(() => parsePublish(text)).toThrow(/^--publish: .* is not allowed; it must be \[\[IP:\]/);
  });
});
