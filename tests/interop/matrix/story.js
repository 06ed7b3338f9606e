// What every row of the matrix goes through, step by step.
//
// The client sits behind a line of its own. It subscribes, publishes once, receives a thousand
// messages in order and not one refusal, loses its server to a kill, finds it again by itself, and
// receives on. With acknowledgement the line is cut three times among the thousand, and still each
// arrives once. With replay, what was published while the client could not be there arrives first,
// each once and in order: half of it was published before the kill, half after the restart. Without,
// none of it arrives.

import assert from "node:assert/strict";

import { Server } from "../server.js";
import { Client } from "./client.js";
import { Line } from "./line.js";
import { publish } from "./publisher.js";

const MANY = 1000;
const CUTS = 3;
const MISSED = 20;
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
  const { driver, transport, host = "127.0.0.1", obedient = false, stamped = false } = row;
  const [ack, replay] = ["ack", "replay"].map((what) => row.mode.includes(what));
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
    const after = await restart(stage);
    note("recovered", `in ${(after / 1000).toFixed(1)} s`);
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

/** A thousand messages arrive once and in order, over cuts if the client acknowledges. */
async function many({ server, line, client, channel, ack }) {
  const cuts = ack ? CUTS : 0;
  const share = MANY / (cuts + 1);
  for (let part = 0; part <= cuts; part += 1) {
    await publish(server, channel, numbers(part * share, share));
    if (part < cuts) {
      await client.until(`a part of part ${part}`, () => client.received.length > part * share);
      line.cut();
    }
  }
  await client.until(`${MANY} messages`, () => client.received.length >= MANY);
  assert.deepEqual(take(client), numbers(0, MANY).map(({ n }) => n));
}

/** The line goes, messages are missed, the server is killed and comes back; how long the client took. */
async function restart({ server, line, client, channel, replay }) {
  line.down();
  await publish(server, channel, numbers(MANY, MISSED / 2));
  if (replay) await stored(server, 1 + MANY + MISSED / 2);
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
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const found = /^encke_replay_stored_total\{endpoint="cometd"\} (\d+)$/m.exec(metrics);
    if (Number(found?.[1]) >= count) return;
    if (performance.now() > deadline) throw new Error(`${found?.[0] ?? "nothing"} instead of ${count} stored`);
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
