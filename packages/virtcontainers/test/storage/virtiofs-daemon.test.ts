import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createHost } from "../../src/host/real.ts";
import { daemonArguments } from "../../src/storage/virtiofs/arguments.ts";
import { kindOf } from "../../src/storage/virtiofs/program.ts";
import { createTestInstance } from "../../src/testing/index.ts";
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

// Folders are mounted on the host before the daemon starts.
test.skipIf(createHost().uid !== 0)("what is no virtiofsd is refused by name (root)", async () => {
  await using instance = await createTestInstance();
  const virtioFSDaemon = join(instance.folder, "virtiofsd");
  writeFileSync(virtioFSDaemon, "#!/bin/sh\necho something else\n", { mode: 0o755 });
  const target = join(instance.folder, "root");
  mkdirSync(target);
  const rootFs = { target, mounted: true };
  const containers = [{ id: "shared", rootFs, waits: true }];
  const config = { id: "sb", hypervisorConfig: { virtioFSDaemon }, containers };
  expect(await refusal(instance.vc.createSandbox(config))).toMatchObject({
    code: "HOST_REQUIREMENT",
    field: "hypervisorConfig.virtioFSDaemon",
    message: expect.stringContaining("it says something else"),
  });
  expect(await leftovers(instance.folder)).toEqual([]);
});
