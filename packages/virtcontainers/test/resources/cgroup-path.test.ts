import { describe, expect, test } from "vitest";
import { cgroupPath, overheadPath } from "../../src/resources/cgroup-path.ts";

describe("the host's cgroup of a sandbox", () => {
  test.each<[string | undefined, boolean, string]>([
    [undefined, false, "/virtc-sb"],
    ["/kube/pod1/sb", false, "/kube/pod1/virtc_sb"],
    ["/sb", false, "/virtc_sb"],
    ["a/b/", false, "/virtcontainers/a/virtc_b"],
    [undefined, true, "/system.slice/virtc-sb.scope"],
    ["system.slice:virtc:abc", true, "/system.slice/virtc-abc.scope"],
    [":virtc:abc", true, "/system.slice/virtc-abc.scope"],
    [
      "kube-pods-a1.slice:cri:x",
      true,
      "/kube.slice/kube-pods.slice/kube-pods-a1.slice/cri-x.scope",
    ],
    ["-.slice:p:n", true, "/p-n.scope"],
  ])("%j (systemd: %j) is at %s", (path, systemd, expected) => {
    expect(cgroupPath("sb", path, systemd)).toBe(expected);
  });

  test.each<[string, boolean]>([
    ["/", false],
    ["/a/../b", false],
    ["../b", false],
    ["/a/.", false],
    ["a/b", true],
    ["system.slice:virtc", true],
    ["system:virtc:abc", true],
    ["system.slice:virtc:a/b", true],
    ["a--b.slice:p:n", true],
    ["s.slice:p:n:x", true],
  ])("%j (systemd: %j) is refused", (path, systemd) => {
    expect(() => cgroupPath("sb", path, systemd)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", field: "cgroups.path" }),
    );
  });

  test("is not that of the VMM's own work", () => {
    expect(overheadPath("sb")).toBe("/virtc-overhead-sb");
  });
});
