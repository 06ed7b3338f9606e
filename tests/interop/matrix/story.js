// What every row of the matrix goes through, step by step.
//
// The client sits behind a line of its own. It subscribes, publishes once, receives a thousand
// messages in order and not one refusal, loses its server to a kill, finds it again by itself, and
// receives on. With acknowledgement the line loses something and is cut three times among the
// thousand, and still each arrives once. With replay, what was missed around the kill arrives first,
// each once and in order: half of it was sent before and got lost on the line, half was published
// after the restart and before the client was back. Without, none of it arrives.

import assert from "node:assert/strict";

import { Server } from "../server.js";
import { Client } from "./client.js";
import { Line } from "./line.js";
import { publish } from "./publisher.js";

export const MANY = 1000;
export const CUTS = 3;
export const MISSED = 20;
const MORE = 100;
const PATIENCE_MS = 20_000;

/** Channels that the server keeps for who comes back; the rest of the demo is as it is. */
const CONFIG = `
[[channels]]
pattern = "/kept/stamped"
replay_age_ms = 600000
replay_messages = 10000
stamp_data = true

[[channels]]
pattern = "/kept/**"
replay_age_ms = 600000
replay_messages = 10000
`;

/** Plays it; `note` is told what was seen of each step. */
export async function story(row, note) {
  const { driver, transport, host, ack, replay, obedient = false, stamped = false } = row;
  const only = obedient ? `cometd.transports = ["${transport}"]\n` : "";
  const server = await Server.start({ config: only + CONFIG });
  const line = await Line.to(server.url);
  const client = new Client(driver);
  const channel = replay ? `/kept/${stamped ? "stamped" : "plain"}` : "/matrix/news";
  const stage = { server, line, client, channel, transport, ack, replay };
  try {
    const url = `http://${host}:${line.port}/cometd`;
    client.order("up", { url, channel, transport, ack, replay });
    await client.toldOf("subscribed");
    await echo(stage);
    note("connected", `by ${transport}`);
    await many(stage);
    assert.deepEqual(refusals(client), []);
    note("ordered", ack ? `${MANY} in order over ${CUTS} cuts` : `${MANY} in order`);
    const after = (await restart(stage)) / 1000;
    note("recovered", `in ${after.toFixed(1)} s`);
    assert.ok(after < row.backWithin, `back after ${after.toFixed(1)} s, not within ${row.backWithin} s`);
    const missed = await flow(stage);
    assert.deepEqual(refusals(client).filter(({ error }) => error !== "402::session_unknown"), []);
    note("outage", missed === 0 ? "lost, as it must be" : `${missed} of ${MISSED} replayed`);
    await echo(stage);
    client.order("down");
    await client.toldOf("down");
  } catch (error) {
    error.message += `\nthe server's log:\n${server.log()}`;
    throw error;
  } finally {
    await client.stop();
    line.close();
    await server.stop();
  }
}

/** What the client publishes is taken over the transport wanted, and comes back to it. */
async function echo({ client, transport }) {
  const before = client.told.filter(({ told }) => told === "published").length;
  client.order("publish", { data: { n: "mine" } });
  const published = await client.toldOf("published", before + 1);
  assert.equal(published.transport, transport);
  await client.until("its own message", () => client.received.length > 0);
  assert.deepEqual(take(client), ["mine"]);
}

/** A thousand messages arrive once and in order, if the client acknowledges over a line that loses some and breaks. */
async function many({ server, line, client, channel, ack }) {
  const cuts = ack ? CUTS : 0;
  const share = MANY / (2 * cuts + 1);
  const next = async (part) => {
    const first = Math.ceil(part * share);
    await publish(server, channel, numbers(first, Math.ceil((part + 1) * share) - first));
    return Math.ceil((part + 1) * share);
  };
  for (let cut = 0; cut < cuts; cut += 1) {
    const count = await next(2 * cut);
    await client.until(`${count} messages`, () => client.received.length >= count);
    line.lose();
    await next(2 * cut + 1);
    await within("something that the line lost", () => line.lost > 0);
    line.cut();
  }
  await next(2 * cuts);
  await client.until(`${MANY} messages`, () => client.received.length >= MANY);
  assert.deepEqual(take(client), numbers(0, MANY).map(({ n }) => n));
}

/** Messages get lost, the server is killed and comes back, and so does the line; how long the client took then. */
async function restart({ server, line, client, channel, replay }) {
  line.lose();
  await publish(server, channel, numbers(MANY, MISSED / 2));
  await within("something that the line lost", () => line.lost > 0);
  if (replay) await stored(server, 1 + MANY + MISSED / 2);
  line.down();
  await server.kill();
  await server.restart();
  await publish(server, channel, numbers(MANY + MISSED / 2, MISSED / 2));
  const before = performance.now();
  line.up();
  await client.toldOf("subscribed", 2);
  return performance.now() - before;
}

/** Messages flow again, after those that were missed; how many of these came. */
async function flow({ server, client, channel, replay }) {
  const first = replay ? MANY : MANY + MISSED;
  await publish(server, channel, numbers(MANY + MISSED, MORE));
  await client.until("the last message", () => client.received.at(-1)?.n === MANY + MISSED + MORE - 1);
  assert.deepEqual(take(client), numbers(first, MANY + MISSED + MORE - first).map(({ n }) => n));
  return MANY + MISSED - first;
}

/** Waits until so many messages are on disk, which follows the delivery. */
async function stored(server, count) {
  await within(`${count} messages stored`, async () => {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const found = /^encke_replay_stored_total\{endpoint="cometd"\} (\d+)$/m.exec(metrics);
    return Number(found?.[1]) >= count;
  });
}

/** Looks again and again until `seen` is true. */
async function within(what, seen) {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await seen())) {
    if (performance.now() > deadline) throw new Error(`${what}: not in time`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What the server answered with an error up to now. */
function refusals(client) {
  return client.told.filter(({ told }) => told === "refused").map(({ reply }) => reply);
}

function numbers(first, count) {
  return Array.from({ length: count }, (_, index) => ({ n: first + index }));
}

/** The numbers of all messages received up to now, which are then forgotten. */
function take(client) {
  return client.received.splice(0).map(({ n }) => n);
}
