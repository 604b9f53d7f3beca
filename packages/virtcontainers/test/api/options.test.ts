import { expect, test } from "vitest";
import { configFromOptions } from "../../src/api/short-form.ts";
import type { SandboxOptions } from "../../src/config/sandbox-options.ts";
import { VirtContainers, type VirtContainersOptions } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";

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

test("runSandbox says what is missing where nothing is to run; an empty list is meant so", async () => {
  await using instance = await createTestInstance();
  await expect(instance.vc.runSandbox({})).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    field: "containers",
    message: expect.stringContaining("there is nothing to run: give containers, such as"),
  });
  expect(await instance.vc.listSandbox()).toEqual([]);
  await using sandbox = await instance.vc.runSandbox({ containers: [] }, { deleteOnDispose: true });
  expect((await sandbox.status()).state).toBe("running");
});
