import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { dockerRegistry } from "../packages/virtcontainers/test/image/support/docker-registry.ts";
import { makeBusyboxImage } from "./support/images.ts";
import { Virtc } from "./support/virtc.ts";

const hasRegistry = existsSync("/usr/bin/docker-registry") && existsSync("/usr/bin/skopeo");
const osRelease = 'NAME="Test Linux"\nVERSION_ID=3\n';

let virtc: Virtc;
beforeAll(async () => {
  virtc = await Virtc.create();
});
afterAll(async () => {
  expect(await virtc.end()).toEqual([]);
});

describe.skipIf(!hasRegistry)("images of a registry (needs docker-registry and skopeo)", () => {
  test("what skopeo pushed is pulled and runs, as its configuration says", async () => {
    const host = await dockerRegistry();
    const layout = join(virtc.folder, "layout");
    await makeBusyboxImage(layout, {
      name: "3",
      config: {
        Env: ["PATH=/bin", "GREETING=hello"],
        Cmd: ["sh", "-c", "echo $GREETING $(id -u)"],
        User: "user",
      },
      extra: [{ path: "etc/os-release", content: osRelease }],
    });
    const reference = `${host}/alpine:3`;
    execFileSync("skopeo", [
      "copy",
      "-q",
      "--dest-tls-verify=false",
      `oci:${layout}:3`,
      `docker://${reference}`,
    ]);
    const read = await virtc.run(["run", "--rm", reference, "cat", "/etc/os-release"]);
    expect(read).toMatchObject({ code: 0, stdout: osRelease });
    const own = await virtc.run(["run", "--rm", "--pull", "never", reference]);
    expect(own).toMatchObject({ code: 0, stdout: "hello 1000\n" });
  });

  test("a registry that is not there, and an image that is not: one clear error, no partial image", async () => {
    const before = images();
    const host = await dockerRegistry();
    const missing = await virtc.run(["run", "--rm", `${host}/no/such:1`]);
    expect(missing.code).toBe(125);
    expect(missing.stderr).toContain("no/such");
    const dead = await virtc.run(["run", "--rm", "127.0.0.1:1/app:1"]);
    expect(dead.code).toBe(125);
    expect(dead.stderr).toContain("127.0.0.1:1");
    expect(images()).toEqual(before);
  });
});

test("an image of another platform is refused by name", async () => {
  const layout = join(virtc.folder, "foreign");
  await makeBusyboxImage(layout, {
    name: "foreign",
    platform: { os: "linux", architecture: "s390x" },
  });
  onTestFinished(() => rmSync(layout, { recursive: true }));
  const { code, stderr } = await virtc.run(["image", "import", layout]);
  expect(code).not.toBe(0);
  expect(stderr).toContain("s390x");
});

function images(): string[] {
  return readdirSync(join(virtc.folder, "data", "images")).sort();
}
