import type { Answer } from "dns-packet";
import { describe, expect, it } from "vitest";
import { addressesOf, readAnswer } from "../../../src/network/egress/helper/dns/answer.ts";

const a = (name: string, data: string, ttl = 60): Answer => ({ type: "A", name, data, ttl });
const alias = (name: string, data: string, ttl = 60): Answer => ({
  type: "CNAME",
  name,
  data,
  ttl,
});
const read = (answers: Answer[], flags = 0) => readAnswer({ answers, flags }, "example.com", "A");

describe("an answer of a server", () => {
  it("is what the name stands for at the end of its aliases, for as long as all of it holds", () => {
    const answer = read([
      alias("Example.com", "x.test", 30),
      a("X.test", "192.0.2.1", 600),
      a("x.test", "192.0.2.2", 40),
    ]);
    expect(addressesOf(answer)).toEqual(["192.0.2.1", "192.0.2.2"]);
    expect(answer).toMatchObject({ code: "NOERROR", ttlSeconds: 30 });
  });

  it("has nothing of names that were not asked for, nor of other types", () => {
    const others = [
      a("evil.test", "192.0.2.66"),
      { type: "AAAA", name: "example.com", data: "::1" } as const,
    ];
    expect(addressesOf(read([...others, a("example.com", "192.0.2.1")]))).toEqual(["192.0.2.1"]);
    expect(
      addressesOf(read([alias("example.com", "x.test"), a("example.com", "192.0.2.66")])),
    ).toEqual([]);
  });

  it("that leads in a circle is a failure, and so is one that is none", () => {
    expect(read([alias("example.com", "x.test"), alias("x.test", "example.com")]).code).toBe(
      "SERVFAIL",
    );
    expect(read([], 2).code).toBe("SERVFAIL");
    expect(read([], 3)).toMatchObject({ code: "NXDOMAIN", records: [] });
  });

  it("that goes on by aliases without end has nothing", () => {
    const chain = Array.from({ length: 100 }, (_, index) =>
      alias(index === 0 ? "example.com" : `x${index}.test`, `x${index + 1}.test`),
    );
    expect(read([...chain, a("x100.test", "192.0.2.1")])).toMatchObject({ records: [] });
  });

  it("holds for no time, or for an hour, if its server says none or all", () => {
    expect(read([a("example.com", "192.0.2.1", 0)]).ttlSeconds).toBe(0);
    expect(read([a("example.com", "192.0.2.1", 2 ** 31)]).ttlSeconds).toBe(3600);
    expect(read([a("example.com", "192.0.2.1", -1)]).ttlSeconds).toBe(0);
  });

  it("has no more records, and holds no longer, than there are bounds", () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      a("example.com", `192.0.2.${index & 255}`, 1e6),
    );
    const answer = read(many);
    expect(answer.records).toHaveLength(64);
    expect(answer.ttlSeconds).toBe(3600);
  });
});
