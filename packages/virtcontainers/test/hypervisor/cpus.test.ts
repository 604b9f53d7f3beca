import { expect, test } from "vitest";
import { Qmp } from "../../src/hypervisor/qemu/control.ts";
import { cpuThreads, plugCpus } from "../../src/hypervisor/qemu/machine/cpus.ts";
import { soon } from "../support/soon.ts";
import { answering, scripted } from "./support/qmp-server.ts";

/** QEMU as far as CPUs go: slots, of which the first `present` are taken. */
async function machine(slots: number, present: number) {
  const added: unknown[] = [];
  const stream = await scripted(
    answering((command, args) => {
      if (command === "device_add") added.push(args);
      if (command !== "query-hotpluggable-cpus") return { return: {} };
      const cpus = Array.from({ length: slots }, (_, socket) => ({
        type: "max-x86_64-cpu",
        "vcpus-count": 1,
        props: { "socket-id": socket, "core-id": 0, "thread-id": 0 },
        ...(socket < present && { "qom-path": `/machine/unattached/device[${socket}]` }),
      }));
      return { return: cpus.reverse() };
    }),
  );
  return { qmp: await Qmp.open(stream, soon()), added };
}

test("the lowest free slots are filled until there are as many as asked for", async () => {
  const { qmp, added } = await machine(4, 1);
  expect(await plugCpus(qmp, 3, soon())).toBe(3);
  expect(added).toEqual(
    [1, 2].map((socket) => ({
      driver: "max-x86_64-cpu",
      id: `cpu${socket}`,
      "socket-id": socket,
      "core-id": 0,
      "thread-id": 0,
    })),
  );
});

test("none is taken out, and what is there is not plugged again", async () => {
  const { qmp, added } = await machine(4, 3);
  expect(await plugCpus(qmp, 2, soon())).toBe(3);
  expect(await plugCpus(qmp, 3, soon())).toBe(3);
  expect(added).toEqual([]);
});

test("more than there are slots for is refused before anything is plugged", async () => {
  const { qmp, added } = await machine(2, 1);
  await expect(plugCpus(qmp, 3, soon())).rejects.toMatchObject({
    code: "NOT_SUPPORTED",
    message: expect.stringContaining("at most 2"),
    hint: expect.stringContaining("defaultMaxVCPUs"),
  });
  expect(added).toEqual([]);
});

test("the threads of the CPUs are QEMU's to tell", async () => {
  const stream = await scripted(
    answering((command) => ({
      return: command === "query-cpus-fast" ? [{ "thread-id": 7 }, { "thread-id": 8 }] : {},
    })),
  );
  expect(await cpuThreads(await Qmp.open(stream, soon()), soon())).toEqual([7, 8]);
});
