import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AbortWatch } from "../src/abort-watch.ts";

test("many watches of one signal make one listener, and none in the end", () => {
  const watch = new AbortWatch();
  const { signal } = new AbortController();
  const ends = Array.from({ length: 100 }, () => watch.add(signal, () => {}));
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  for (const end of ends) end();
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});

test("an abort reaches every watch that has not ended, even if each ends itself", () => {
  const watch = new AbortWatch();
  const controller = new AbortController();
  const reached: number[] = [];
  const ends = [0, 1, 2, 3].map((n) => {
    const end = watch.add(controller.signal, () => {
      end();
      reached.push(n);
    });
    return end;
  });
  ends[1]?.();
  controller.abort();
  expect(reached).toEqual([0, 2, 3]);
});

test("a signal can be watched again", () => {
  const watch = new AbortWatch();
  const controller = new AbortController();
  watch.add(controller.signal, () => expect.unreachable())();
  let aborted = false;
  watch.add(controller.signal, () => {
    aborted = true;
  });
  controller.abort();
  expect(aborted).toBe(true);
});
