import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inScratch } from "../../../../scripts/support/cache.ts";
import { candidates, parsePackages } from "../../debian/packages.ts";
import { sourceLines } from "../../debian/source.ts";

describe("parsePackages", () => {
  it("reads names, versions and dependencies", () => {
    const text = [
      "Package: linux-image-cloud-amd64",
      "Source: linux-signed-amd64 (6.1.1+2)",
      "Version: 6.1.1-2",
      "Depends: linux-image-6.1.0-9-cloud-amd64 (= 6.1.1-2), libc6 (>= 2.34) | libc6-x, python3:any",
      "Description: Linux",
      " Depends: not a field",
      "",
      "Package: crun",
      "Version: 1.8.1-1+deb12u1",
      "",
    ].join("\n");
    expect(parsePackages(text)).toEqual([
      {
        name: "linux-image-cloud-amd64",
        version: "6.1.1-2",
        depends: ["linux-image-6.1.0-9-cloud-amd64", "libc6", "python3"],
      },
      { name: "crun", version: "1.8.1-1+deb12u1", depends: [] },
    ]);
  });

  it("gives nothing for nothing", () => {
    expect(parsePackages("")).toEqual([]);
  });
});

describe("sourceLines", () => {
  it("takes Debian's mirrors, each suite once, and nobody else's", () => {
    const targets = [
      "http://deb.debian.org/debian bookworm main Debian",
      "http://deb.debian.org/debian bookworm main Debian",
      "http://deb.debian.org/debian-security bookworm-security main Debian",
      "https://deb.nodesource.com/node_20.x nodistro main .",
    ].join("\n");
    expect(sourceLines(targets).map((line) => line.replace(/\[.*\] /, ""))).toEqual([
      "deb-src http://deb.debian.org/debian bookworm main",
      "deb-src http://deb.debian.org/debian-security bookworm-security main",
    ]);
  });
});

describe("candidates", () => {
  it("come from the lists of the root that is named, not from this system's", async () => {
    expect((await candidates(["busybox-static"])).get("busybox-static")?.root).toBeUndefined();
    await inScratch(async (root) => {
      for (const folder of ["etc/apt", "var/lib/apt/lists/partial", "var/lib/dpkg"])
        mkdirSync(join(root, folder), { recursive: true });
      await expect(candidates(["busybox-static"], root)).rejects.toThrow("busybox-static");
    });
  });
});
