import { describe, expect, it } from "vitest";
import { parseChallenges } from "../../src/image/registry/challenge.ts";

function parsed(header: string) {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

describe("parseChallenges", () => {
  it("reads Docker Hub's", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull,push"';
    expect(parsed(header)).toEqual([
      [
        "bearer",
        {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:library/alpine:pull,push",
        },
      ],
    ]);
  });

  it("reads several, tokens and escapes", () => {
    expect(parsed('Basic realm="a \\"b\\"", Bearer realm=x , service = y')).toEqual([
      ["basic", { realm: 'a "b"' }],
      ["bearer", { realm: "x", service: "y" }],
    ]);
  });

  it.each([
    "",
    "   ",
    ",,,",
    '"',
    "Bearer",
    "Bearer realm",
    'Bearer realm="unended',
    "=".repeat(20_000),
  ])("ends on %j", (header) => {
    expect(parseChallenges(header).flatMap(({ parameters }) => [...parameters])).toEqual([]);
  });
});
