import * as v from "valibot";
import { expect, test } from "vitest";
import { fillFeature } from "../../src/agent/features.ts";
import { copyFeature } from "../../src/agent/files.ts";
import type { ContainerConfig } from "../../src/index.ts";
import { createTestInstance } from "../../src/testing/index.ts";

type Mounts = NonNullable<ContainerConfig["mounts"]>;

const mount = v.object({ destination: v.string(), options: v.array(v.string()) });
const Create = v.object({ OCI: v.object({ Mounts: v.array(mount) }) });

/** What a guest is asked to fill, by the destinations. */
async function asked(mounts: Mounts, features = ["virtcontainers", copyFeature, fillFeature]) {
  await using instance = await createTestInstance({ agent: { features } });
  for (const name of ["one", "two"]) await instance.vc.volumes.create({ name, driver: "ext4" });
  const containers = [{ id: "c1", image: "busybox", waits: true, mounts }];
  await using _sandbox = await instance.vc.createSandbox({ id: "sb", containers });
  const [request] = instance.agent("sb").requests("CreateContainer");
  return v
    .parse(Create, request)
    .OCI.Mounts.filter(({ options }) => options.includes("x-virtcontainers.fill"))
    .map(({ destination }) => destination);
}

const one = { type: "volume", source: "one", destination: "/data/one" } as const;
const two = { type: "volume", source: "two", destination: "/data/two" } as const;

test("new volumes are filled, unless the mount or the agent of the guest says otherwise", async () => {
  expect(await asked([two, one])).toEqual(["/data/two", "/data/one"]);
  expect(await asked([{ ...one, noCopy: true }, two])).toEqual(["/data/two"]);
  expect(await asked([one], ["virtcontainers", copyFeature])).toEqual([]);
});
