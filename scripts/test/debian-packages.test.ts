import { describe, expect, it } from "vitest";
import { runtimePackages } from "../../packages/virtcontainers/src/host/requirements.ts";
import { debianPackages, missingPackages } from "../support/apt.ts";

describe("debian-packages.json", () => {
  it.each(["12", "13"] as const)(
    "lists as runtime what a host with Debian %s needs",
    async (on) => {
      const { runtime } = await debianPackages(on);
      expect(runtime.sort()).toEqual([...runtimePackages(on)].sort());
    },
  );

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
