import { expect, test } from "vitest";
import { configFromOptions } from "../../src/api/short-form.ts";
import type { SandboxOptions } from "../../src/config/sandbox-options.ts";
import { VirtContainers, type VirtContainersOptions } from "../../src/index.ts";

/** What a program without types may hand in. */
function untyped<T>(value: unknown): T {
  return value as T;
}

test.each([
  [{ image: "busybox", rootfs: "/srv" }, "options.rootfs"],
  [{ env: ["A=1"] }, "options.env"],
  [{ annotations: ["a"] }, "options.annotations"],
  [{ imge: "busybox" }, "options.imge"],
])("Sandbox.create(%j) is refused", (options, field) => {
  const create = () => configFromOptions(untyped<SandboxOptions>(options));
  expect(create).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT", field }));
});

test("VirtContainers refuses options that it does not know, and names those it does", () => {
  const options = untyped<VirtContainersOptions>({ stateDirectory: "/run/x" });
  expect(() => new VirtContainers(options)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      field: "options.stateDirectory",
      hint: expect.stringContaining("stateDir, dataDir"),
    }),
  );
});
