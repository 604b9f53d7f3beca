import { expect, test } from "vitest";
import { Qmp } from "../../src/hypervisor/qemu/control.ts";
import { soon } from "../support/soon.ts";
import { answering, greeting, scripted } from "./support/qmp-server.ts";

const failed = { code: "HYPERVISOR_FAILED" };

test("commands get their own answers, whatever the order and whatever stands between", async () => {
  const held: string[] = [];
  const stream = await scripted(
    answering((command, args, client) => {
      if (command === "second") {
        client.write(
          `{"event":"STOP","timestamp":{"seconds":1,"microseconds":2}}\n{"return":1,"id":99}\n`,
        );
        setImmediate(() => client.write(held.join("")));
        return { return: args };
      }
      held.push(`{"return":"first","id":2}\n`);
      return undefined;
    }),
  );
  using qmp = await Qmp.open(stream, soon());
  const first = qmp.execute("first", {}, soon());
  const second = qmp.execute("second", { a: [1, "b"] }, soon());
  expect(await Promise.all([first, second])).toEqual(["first", { a: [1, "b"] }]);
});

test("a refusal is QEMU's own words, made safe to print", async () => {
  const error = { class: "GenericError", desc: "no \u001b[31mdevice" };
  using qmp = await Qmp.open(await scripted(answering(() => ({ error }))), soon());
  await expect(qmp.execute("device_add", {}, soon())).rejects.toMatchObject({
    ...failed,
    message: "QEMU refused device_add: no \ufffd[31mdevice",
  });
});

test("an event that matches is waited for; others pass", async () => {
  const stream = await scripted(
    answering((_command, _args, client) => {
      client.write(`{"event":"DEVICE_DELETED","data":{"path":"/machine/x"}}\n`);
      client.write(`{"event":"DEVICE_DELETED","data":{"device":"d1","path":"/machine/d1"}}\n`);
      return { return: {} };
    }),
  );
  using qmp = await Qmp.open(stream, soon());
  const event = qmp.waitEvent(({ data }) => data?.device === "d1", soon());
  await qmp.execute("device_del", { id: "d1" }, soon());
  expect(await event).toMatchObject({ event: "DEVICE_DELETED", data: { device: "d1" } });
});

test.each([
  ["no JSON", "what?\n"],
  ["another kind of object", '{"neither":"answer nor event"}\n'],
  ["an id that is no number", '{"return":{},"id":"2"}\n'],
])("%s ends the connection and all that waits on it", async (_, line) => {
  const stream = await scripted(
    answering((_command, _args, client) => {
      client.write(line);
      return undefined;
    }),
  );
  using qmp = await Qmp.open(stream, soon());
  const event = qmp.waitEvent(() => true, soon());
  const calls = [qmp.execute("a", {}, soon()), qmp.execute("b", {}, soon()), event];
  for (const result of await Promise.allSettled(calls)) {
    expect(result).toMatchObject({ status: "rejected", reason: failed });
  }
  await expect(qmp.execute("c", {}, soon())).rejects.toMatchObject(failed);
});

test("the end of the stream in the middle of a command is told", async () => {
  const stream = await scripted(
    answering((_command, _args, client) => {
      client.end('{"retu');
      return undefined;
    }),
  );
  using qmp = await Qmp.open(stream, soon());
  await expect(qmp.execute("query-status", {}, soon())).rejects.toMatchObject({
    ...failed,
    message: "QEMU closed its QMP connection",
  });
});

test("an endless line ends the connection after a MiB", async () => {
  let sent = 0;
  const stream = await scripted(
    answering((_command, _args, client) => {
      const fill = (): void => {
        while (!client.destroyed) {
          sent += 65_536;
          if (!client.write("x".repeat(65_536))) return void client.once("drain", fill);
        }
      };
      fill();
      return undefined;
    }),
  );
  using qmp = await Qmp.open(stream, soon());
  await expect(qmp.execute("query-status", {}, soon())).rejects.toMatchObject({
    ...failed,
    message: expect.stringContaining("a line of more than"),
  });
  expect(sent).toBeLessThan(8 * 1024 * 1024);
});

test("without a greeting nothing is sent, and the deadline ends the wait", async () => {
  const received: string[] = [];
  const silent = await scripted(
    (client) => void client.on("data", (data) => received.push(`${data}`)),
  );
  const stop = new AbortController();
  const opening = Qmp.open(silent, stop.signal);
  stop.abort(new Error("enough"));
  await expect(opening).rejects.toMatchObject({ code: "CANCELED", phase: "QMP greeting" });
  expect(received).toEqual([]);
  const wrong = await scripted((client) => void client.write('{"return":{}}\n'));
  await expect(Qmp.open(wrong, soon())).rejects.toMatchObject(failed);
});

test("aborting one command leaves the others alone", async () => {
  const stream = await scripted((client) => {
    client.write(greeting);
    client.on("data", (data) => {
      for (const line of String(data).trim().split("\n")) {
        const { execute, id } = JSON.parse(line);
        if (execute !== "never") client.write(`{"return":{},"id":${id}}\n`);
      }
    });
  });
  using qmp = await Qmp.open(stream, soon());
  const stop = new AbortController();
  const never = qmp.execute("never", {}, stop.signal);
  stop.abort();
  await expect(never).rejects.toMatchObject({ code: "CANCELED", phase: "QMP never" });
  expect(await qmp.execute("query-status", {}, soon())).toEqual({});
});
