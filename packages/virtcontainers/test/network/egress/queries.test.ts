import { Duplex } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { decode, encode } from "dns-packet";
import { expect, it } from "vitest";
import { respond } from "../../../src/network/egress/helper/dns/respond.ts";
import { serveQueries } from "../../../src/network/egress/helper/dns/server.ts";

type Gate = Parameters<typeof respond>[0];

/** Refuses all names, and counts how often it was asked. */
function refusing(): { gate: Gate; asked: string[] } {
  const asked: string[] = [];
  const gate: Pick<Gate, "mayResolve"> = {
    mayResolve: (name) => {
      asked.push(name);
      return false;
    },
  };
  return { gate: gate as Gate, asked };
}

const query = encode({ type: "query", id: 7, questions: [{ name: "evil.test", type: "A" }] });

it("who sends queries and reads no answers is not answered on and on", async () => {
  const { gate, asked } = refusing();
  const length = Buffer.from([0, query.length]);
  const many = Buffer.concat(Array(100).fill(Buffer.concat([length, query])));
  let sent = 0;
  const greedy = new Duplex({
    read() {
      sent += 1;
      this.push(sent > 200 ? null : many);
    },
    // Nothing is ever taken.
    write() {},
  });
  const served = serveQueries(gate, greedy).catch(() => {});
  for (let before = -1; before < asked.length; ) {
    before = asked.length;
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
  }
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.length).toBeLessThan(5000);
  greedy.destroy();
  await served;
});

it("what is no name is refused and not said again", async () => {
  const { gate } = refusing();
  const strange = Buffer.from(query);
  strange[13] = 0xff;
  const answer = decode((await respond(gate, strange, "udp")) ?? Buffer.alloc(0));
  expect(answer.questions).toEqual([]);
  expect((answer.flags ?? 0) & 0xf).toBe(5);
  const plain = decode((await respond(gate, query, "udp")) ?? Buffer.alloc(0));
  expect(plain.questions).toMatchObject([{ name: "evil.test", type: "A" }]);
});
