import { describe, expect, it } from "vitest";
import { runtimePackages } from "../../packages/virtcontainers/src/host/requirements.ts";
import { debianPackages, missingPackages } from "../support/apt.ts";

describe("debian-packages.json", () => {
  it("lists as runtime what the library says a host needs", async () => {
    expect([...(await debianPackages()).runtime].sort()).toEqual([...runtimePackages].sort());
  });

  it("names each package once", async () => {
    const { runtime, build, test } = await debianPackages();
    const all = [...runtime, ...build, ...test];
    expect(all).toEqual([...new Set(all)]);
  });
});

describe("missingPackages", () => {
  it("gives those that are not installed, known to dpkg or not", async () => {
    expect(await missingPackages(["dpkg", "no-such-package-here"])).toEqual([
      "no-such-package-here",
    ]);
  });
});
