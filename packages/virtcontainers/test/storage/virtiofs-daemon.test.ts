import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { VirtError } from "../../src/errors.ts";
import { createHost } from "../../src/host/real.ts";
import { daemonArguments } from "../../src/storage/virtiofs/arguments.ts";
import { kindOf } from "../../src/storage/virtiofs/program.ts";
import { createTestInstance, type TestInstanceOptions } from "../../src/testing/index.ts";
import { leftovers } from "../support/leftovers.ts";
import { refusal } from "../support/refusal.ts";

test.each([
  ["virtiofsd version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)\nCopyright", "c"],
  ["virtiofsd 1.13.2\n", "rust"],
  ["virtiofsd 1.14.0", "rust"],
  ["busybox 1.36", undefined],
  ["", undefined],
])("%j tells whose flags it takes", (version, kind) => {
  expect(kindOf(version)).toBe(kind);
});

describe("the arguments of a virtiofsd", () => {
  test("that came with QEMU", () => {
    const virtioFSExtraArgs = ["--syslog"];
    const own = daemonArguments("c", "/shared", { virtioFSCache: "none", virtioFSExtraArgs });
    expect(own).toEqual([
      ...["--fd=3", "--rlimit-nofile=0", "-f", "-o", "source=/shared", "-o", "cache=none"],
      ...["-o", "sandbox=namespace", "-o", "xattr,announce_submounts", "--syslog"],
    ]);
  });

  test("in Rust, which says never for none", () => {
    const never = daemonArguments("rust", "/shared", { virtioFSCache: "none" });
    expect(never).toEqual([
      ...["--fd=3", "--rlimit-nofile=0", "--shared-dir=/shared", "--cache=never"],
      ...["--sandbox=namespace", "--xattr", "--announce-submounts"],
    ]);
    expect(daemonArguments("rust", "/shared", { virtioFSExtraArgs: ["--readonly"] })).toEqual(
      expect.arrayContaining(["--cache=auto", "--readonly"]),
    );
  });
});

const root = createHost().uid === 0;

/** An instance whose virtiofsd is this shell script, and a sandbox that shares a folder by it. */
async function withDaemon(script: string, options: TestInstanceOptions = {}) {
  const instance = await createTestInstance(options);
  const virtioFSDaemon = join(instance.folder, "virtiofsd");
  writeFileSync(virtioFSDaemon, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const target = join(instance.folder, "root");
  mkdirSync(target);
  const rootFs = { target, mounted: true };
  const containers = [{ id: "shared", rootFs, waits: true }];
  const config = { id: "sb", hypervisorConfig: { virtioFSDaemon }, containers };
  return { instance, config };
}

// Folders are mounted on the host before the daemon starts.
test.skipIf(!root)("what is no virtiofsd is refused by name (root)", async () => {
  const { instance, config } = await withDaemon("echo something else");
  await using _instance = instance;
  expect(await refusal(instance.vc.createSandbox(config))).toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.virtioFSDaemon",
    message: expect.stringContaining("it says something else"),
  });
  expect(await leftovers(instance.folder)).toEqual([]);
});

test.skipIf(!root)("one that dies at start is told by its last words (root)", async () => {
  const version = '[ "$1" = --version ] && echo virtiofsd 1.13.0 && exit';
  const dies = "for n in 1 2 3 4 5 6; do echo word $n; done; printf 'no\\033[2J' >&2; exit 1";
  // What a VMM knows of it is that somebody hung up.
  const hungUp = new VirtError("HYPERVISOR_FAILED", "the socket was closed");
  const options = { failures: { start: hungUp } };
  const { instance, config } = await withDaemon(`${version}\n${dies}`, options);
  await using _instance = instance;
  const error = await refusal(instance.vc.runSandbox(config));
  expect(error).toMatchObject({ code: "SHARE_DEAD", sandboxId: "sb", phase: "share" });
  const words = "word 3\nword 4\nword 5\nword 6\nno\ufffd[2J";
  expect(error.message).toBe(`the virtiofsd of sandbox sb has ended: ${words}`);
  expect(error.cause).toBe(hungUp);
  expect(await leftovers(instance.folder)).toEqual([]);
});
