import { describe, expect, it } from "vitest";
import { isVirtError } from "../../src/errors.ts";
import { parseReference } from "../../src/image/reference.ts";

const hex = "a".repeat(64);

describe("parseReference", () => {
  it.each([
    ["alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["team/app", "docker.io/team/app:latest", "team/app:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["index.docker.io/library/alpine", "docker.io/library/alpine:latest", "library/alpine:latest"],
    ["localhost/app", "localhost/app:latest", "app:latest"],
    ["localhost:5000/app:1", "localhost:5000/app:1", "app:1"],
    ["127.0.0.1:5000/alpine:3", "127.0.0.1:5000/alpine:3", "alpine:3"],
    ["[::1]:5000/app", "[::1]:5000/app:latest", "app:latest"],
    [
      "Registry.Example.COM/a/b/c:v1.2_x-y",
      "registry.example.com/a/b/c:v1.2_x-y",
      "a/b/c:v1.2_x-y",
    ],
    [`alpine@sha256:${hex}`, `docker.io/library/alpine@sha256:${hex}`, `alpine@sha256:${hex}`],
    [`alpine:3@sha256:${hex}`, `docker.io/library/alpine@sha256:${hex}`, `alpine@sha256:${hex}`],
    ["a__b/c-d.e", "docker.io/a__b/c-d.e:latest", "a__b/c-d.e:latest"],
  ])("normalises %s", (text, name, localName) => {
    expect(parseReference(text)).toMatchObject({ name, localName });
  });

  it.each([
    ["", "as in alpine:3"],
    ["https://docker.io/alpine", "leave out the part before ://"],
    ["Alpine", "lower case"],
    ["alpine:", "1 to 128 characters"],
    ["alpine:-x", "1 to 128 characters"],
    [`alpine:${"t".repeat(129)}`, "1 to 128 characters"],
    ["alpine@sha256:abc", "64 hex digits"],
    [`alpine@sha256:${hex}@sha256:${hex}`, "as in alpine:3"],
    ["a/../b", "as in alpine:3"],
    ["../../etc/passwd", "host name or address"],
    ["a//b", "as in alpine:3"],
    ["-alpine", "as in alpine:3"],
    ["alpine latest", "as in alpine:3"],
    ["host:0/app", "1 to 65535"],
    ["host:70000/app", "1 to 65535"],
    ["user@host.com/app", "64 hex digits"],
    ["alpine\0", "as in alpine:3"],
    [`${"a".repeat(300)}`, "at most 255"],
    ["a".repeat(600), "as in alpine:3"],
  ])("refuses %j", (text, message) => {
    let error: unknown;
    try {
      parseReference(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(isVirtError(error, "INVALID_ARGUMENT") && error.field).toBe("image");
    expect(String(error)).toContain(message);
  });
});

it("reads a normal form as itself, also of a host that only capitals tell", () => {
  const { name } = parseReference("Registry/team/app:1");
  expect(parseReference(name).name).toBe(name);
});
