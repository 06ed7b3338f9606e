// The replay extension with the real library: against a server that says what it is told, and
// against the real one. Run for each version by `replay3.test.js` and `replay9.test.js`, each in a
// process of its own.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";

import { MemoryStore, ReplayExtension, WebStore } from "../../crates/server/web/js/encke-replay.js";
import { LogServer } from "./log-server.js";
import { Server } from "./server.js";
import { Wire } from "./wire.js";

const EPOCH = 1000;
const INVALID =
  "400::The replayId {41} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or -1 to replay only new events.";

/** What Encke answers to a subscribe. */
const told = (status, newest, more) => ({
  ext: { replay: { "/e": { status, epoch: EPOCH, oldest: null, newest, ...more } } },
});
const event = (position, channel = "/e") => ({ channel, data: position, ext: { replay: position } });
/** As Salesforce writes it. */
const stamped = (replayId) => ({ channel: "/e", data: { payload: {}, event: { replayId } } });

export function replaySuite(version) {
  describe(`the replay extension with cometd ${version}`, () => {
    let library;
    let adapt;
    const pages = [];
    before(async () => {
      const adapter = await import(version === 3 ? "cometd-nodejs-client1" : "cometd-nodejs-client2");
      adapt = adapter.adapt ?? adapter.default.adapt;
      library = version === 3 ? (await import("cometd3")).default : await import("cometd9");
      adapt();
    });
    afterEach(async () => {
      for (const page of pages.splice(0)) await page.close();
    });

    /** A page: the library with the extension, subscribed after every handshake. */
    async function open(url, { subscriptions = ["/e"], ack = false, ...options } = {}) {
      const page = new Page(new library.CometD(), options, subscriptions);
      if (ack) {
        const module = version === 3 ? (await import("cometd3/AckExtension.js")).default : library.AckExtension;
        page.cometd.registerExtension("ack", new module());
      }
      pages.push(page);
      await page.up(url);
      return page;
    }

    describe("told what to see", () => {
      let server;
      beforeEach(async () => {
        server = await LogServer.start();
      });
      afterEach(() => server.stop());

      test("a handshake asks for positions and a subscribe says where to begin", async () => {
        server.onSubscribe = () => told("new", 1040);
        await open(server.url);
        assert.equal(server.to("/meta/handshake")[0].ext.replay, true);
        assert.equal(server.begins("/e"), -1);
      });

      test("where a subscription begins can be said for each", async () => {
        const from = (subscription) => (subscription === "/e" ? -2 : 7);
        await open(server.url, { from, subscriptions: ["/e", "/f/*"] });
        assert.deepEqual([server.begins("/e"), server.begins("/f/*")], [-2, 7]);
      });

      test("a new session goes on behind the last message and has no gap", async () => {
        server.onSubscribe = () => told("new", 1040);
        const page = await open(server.url);
        await server.bring([event(1041), event(1042)]);
        server.onSubscribe = () => told("resumed", 1043);
        await server.forget();
        await page.subscribed(2);
        assert.deepEqual(server.begins("/e"), { id: 1042, epoch: EPOCH });
        assert.deepEqual(page.data, [1041, 1042]);
        assert.deepEqual(page.gaps, []);
        assert.deepEqual(page.statuses.map(({ status }) => status), ["new", "resumed"]);
      });

      test("a subscription to which nothing came goes on where the server began", async () => {
        server.onSubscribe = () => told("new", 1040);
        const page = await open(server.url);
        await server.forget();
        await page.subscribed(2);
        assert.deepEqual(server.begins("/e"), { id: 1040, epoch: EPOCH });
      });

      test("what is gone is told as a gap", async () => {
        server.onSubscribe = () => told("new", 1040);
        const page = await open(server.url);
        server.onSubscribe = () => told("gap", 9000, { oldest: 8000 });
        await server.forget();
        await page.subscribed(2);
        const gap = { subscription: "/e", status: "gap", epoch: EPOCH, oldest: 8000, newest: 9000, reason: "log" };
        assert.deepEqual(page.gaps, [gap]);
      });

      test("a server without a log, or without one of the channel, leaves a gap and is used as ever", async () => {
        for (const keepsOthers of [true, false]) {
          server.handshakeExt = keepsOthers ? { replay: true } : {};
          server.onSubscribe = () => (keepsOthers ? told("none", 1040) : {});
          const page = await open(server.url);
          assert.equal(server.begins("/e"), keepsOthers ? -1 : undefined);
          assert.deepEqual(page.gaps, [], "a first session misses nothing");
          await server.bring([{ channel: "/e", data: "seen" }]);
          await server.forget();
          await page.subscribed(2);
          assert.deepEqual(page.gaps.map(({ status, reason }) => [status, reason]), [["none", "session"]]);
          assert.deepEqual(page.data, ["seen"]);
          await page.close();
        }
      });

      test("Salesforce's numbers are continued, and its silence is understood", async () => {
        const page = await open(server.url);
        await server.bring([stamped(41)]);
        await server.forget();
        await page.subscribed(2);
        assert.equal(server.begins("/e"), 41);
        assert.deepEqual(page.statuses.map(({ status }) => status), ["new", "resumed"]);
        assert.deepEqual(page.gaps, []);
      });

      for (const [outdated, begins, status] of [["kept", -2, "kept"], ["new", -1, "new"]]) {
        test(`a refused position begins with what is ${outdated}, is told as a gap, and is a subscription`, async () => {
          const store = new MemoryStore();
          store.set("/e", { id: 41 });
          server.onSubscribe = ({ ext }) =>
            ext.replay["/e"] === 41 ? { successful: false, error: INVALID, ...told("refused", 9) } : told(status, 9);
          const page = await open(server.url, { store, outdated });
          assert.equal(server.begins("/e"), begins);
          assert.deepEqual(page.replies.map(({ successful }) => successful), [true], "the refusal is not seen");
          assert.deepEqual(page.gaps.map(({ reason, status }) => [status, reason]), [["gap", "log"]]);
          await server.bring([event(10), event(11)]);
          assert.deepEqual(page.data, [10, 11], "lower than the refused one");
          assert.equal(store.get("/e").id, 11);
          const ids = server.to("/meta/subscribe").map(({ id }) => id);
          assert.equal(ids[0], ids[1]);
        });
      }

      test("a refused position may be the application's to decide", async () => {
        const store = new MemoryStore();
        store.set("/e", { id: 41 });
        server.onSubscribe = () => ({ successful: false, error: INVALID });
        const page = await open(server.url, { store, outdated: "fail" });
        assert.deepEqual(page.replies.map(({ error }) => error), [INVALID]);
        assert.equal(server.to("/meta/subscribe").length, 1);
      });

      test("a server that refuses everything is not asked for ever", async () => {
        const store = new MemoryStore();
        store.set("/e", { id: 41 });
        server.onSubscribe = () => ({ successful: false, error: INVALID });
        const page = await open(server.url, { store });
        assert.deepEqual(page.replies.map(({ error }) => error), [INVALID]);
        assert.equal(server.to("/meta/subscribe").length, 2);
      });

      test("another refusal is the application's, and says nothing about the position", async () => {
        const store = new MemoryStore();
        store.set("/e", { id: 41 });
        server.onSubscribe = () => ({ successful: false, error: "403::denied" });
        const page = await open(server.url, { store });
        assert.equal(page.replies[0].error, "403::denied");
        assert.deepEqual(page.replay.position("/e"), { id: 41 });
      });

      test("a quiet subscription moves on with connect replies, but not with one that was sent before it", async () => {
        const store = new MemoryStore();
        server.onSubscribe = () => told("kept", 1040);
        const page = await open(server.url, { store, subscriptions: [], from: -2 });
        await server.until("a held connect", () => server.to("/meta/connect").length === 2);
        await page.subscribe("/e");
        await server.bring([], { replay: 1050 });
        assert.equal(page.replay.position("/e"), null);
        await server.bring([], { replay: 1060 });
        assert.deepEqual(store.get("/e"), { id: 1060, epoch: EPOCH });
        await server.bring([], { replay: 1055 });
        assert.equal(store.get("/e").id, 1060, "never back");
      });

      test("what another subscription had sent again is not seen twice", async () => {
        server.onSubscribe = ({ subscription }) => ({
          ext: { replay: { [subscription]: { status: "kept", epoch: EPOCH, oldest: null, newest: 1041 } } },
        });
        const page = await open(server.url, { from: -2, subscriptions: ["/e", "/*"] });
        await server.bring([event(1041)]);
        await server.bring([event(1041), event(1042), event(1040, "/other")]);
        // The library tells each listener that covers a channel.
        assert.deepEqual(page.data, [1041, 1041, 1042, 1042, 1040]);
        await server.bring([event(1043, "/other"), event(1040, "/other")]);
        assert.deepEqual(page.data.slice(5), [1043]);
      });

      /** `/e` is told of 1040; then `/*` is asked for from 1000 on, while a connect is held. */
      async function overlapping(store) {
        server.onSubscribe = ({ subscription }) => ({
          ext: { replay: { [subscription]: { status: subscription === "/e" ? "new" : "resumed", epoch: EPOCH, oldest: null, newest: subscription === "/e" ? 1040 : 1050 } } },
        });
        const page = await open(server.url, { store });
        await server.until("a held connect", () => server.to("/meta/connect").length === 2);
        store.set("/*", { id: 1000, epoch: EPOCH });
        return page;
      }

      for (const agreedFirst of [true, false]) {
        test(`what was on its way for another subscription passes over nothing${agreedFirst ? "" : ", in front of the agreement"}`, async () => {
          const store = new MemoryStore();
          const page = await overlapping(store);
          if (agreedFirst) {
            await page.subscribe("/*");
            await server.bring([event(1050)]);
          } else {
            const answer = server.onSubscribe;
            server.onSubscribe = async (message) => {
              await server.bring([event(1050)]);
              return answer(message);
            };
            await page.subscribe("/*");
          }
          assert.deepEqual(store.get("/*"), { id: 1000, epoch: EPOCH }, "1050 is no position to go on from");
          await server.bring([event(1010), event(1020), event(1050), event(1060)]);
          assert.deepEqual([...new Set(page.data)], [1050, 1010, 1020, 1060]);
          assert.equal(page.data.filter((data) => data === 1050).length, 2, "once for each listener");
          assert.deepEqual(store.get("/*"), { id: 1060, epoch: EPOCH });
          assert.deepEqual(page.gaps, []);
        });
      }

      test("a session lost while subscriptions overlap goes on where nothing is missing", async () => {
        const store = new MemoryStore();
        const page = await overlapping(store);
        await page.subscribe("/*");
        await server.bring([event(1050)]);
        await server.bring([event(1010)]);
        await server.forget();
        await page.until("a new subscribe", () => server.to("/meta/subscribe").length >= 3);
        assert.deepEqual(server.begins("/e"), { id: 1050, epoch: EPOCH });
        await page.subscribe("/*");
        assert.deepEqual(server.begins("/*"), { id: 1000, epoch: EPOCH });
        await server.bring([event(1010), event(1020), event(1050)]);
        assert.deepEqual([...new Set(page.data)], [1050, 1010, 1020]);
        await server.bring([], { replay: 1055 });
        assert.deepEqual(store.get("/*"), { id: 1055, epoch: EPOCH });
      });

      test("what was on its way for a subscription that was given up passes over nothing either", async () => {
        const store = new MemoryStore();
        const page = await overlapping(store);
        await page.unsubscribe("/e");
        await page.subscribe("/*");
        await server.bring([event(1050)]);
        assert.deepEqual(store.get("/*"), { id: 1000, epoch: EPOCH });
        await server.bring([event(1010), event(1050), event(1060)]);
        assert.deepEqual(page.data, [1050, 1010, 1060]);
        assert.deepEqual(store.get("/*"), { id: 1060, epoch: EPOCH });
      });

      test("a long catch-up is remembered within bounds, and nothing of it is passed over", async () => {
        const store = new MemoryStore();
        const page = await overlapping(store);
        await page.subscribe("/*");
        const positions = Array.from({ length: 5000 }, (_, n) => 10_000 + 2 * n);
        await server.bring(positions.map((position) => event(position)));
        assert.deepEqual(new Set(page.data), new Set(positions));
        assert.deepEqual(store.get("/*"), { id: positions.at(-1), epoch: EPOCH });
        await server.bring([event(positions.at(-2)), event(positions.at(-2) + 1), event(10_001)]);
        assert.deepEqual([...new Set(page.data.slice(10_000))], [positions.at(-2) + 1]);
      });

      test("positions are stored after the listeners were called, once for a response", async () => {
        const store = new MemoryStore();
        const set = store.set.bind(store);
        const log = [];
        store.set = (subscription, position) => {
          log.push(`stored ${position.id}`);
          set(subscription, position);
        };
        server.onSubscribe = () => told("kept", 1040);
        await open(server.url, { store, from: -2, onMessage: ({ data }) => log.push(`seen ${data}`) });
        await server.bring([event(1041), event(1042)]);
        assert.deepEqual(log, ["seen 1041", "seen 1042", "stored 1042"]);
      });

      test("unsubscribing forgets the position", async () => {
        server.onSubscribe = () => told("new", 1040);
        const page = await open(server.url);
        await server.bring([event(1041)]);
        await page.unsubscribe("/e");
        assert.equal(page.replay.position("/e"), null);
        await page.subscribe("/e");
        assert.equal(server.begins("/e"), -1);
      });

      test("a page that is loaded again goes on from its storage", async () => {
        const items = new Map();
        const storage = {
          getItem: (key) => items.get(key) ?? null,
          setItem: (key, value) => items.set(key, value),
          removeItem: (key) => items.delete(key),
        };
        server.onSubscribe = () => told("new", 1040);
        const first = await open(server.url, { store: new WebStore(storage, "alice:") });
        await server.bring([event(1041)]);
        await first.close();
        assert.deepEqual([...items], [["alice:/e", JSON.stringify({ id: 1041, epoch: EPOCH })]]);
        await open(server.url, { store: new WebStore(storage, "alice:") });
        assert.deepEqual(server.begins("/e"), { id: 1041, epoch: EPOCH });
      });

      test("other extensions and members of a subscribe are left as they are", async () => {
        const page = await open(server.url, { ack: true, subscriptions: [] });
        await page.subscribe("/e", { ext: { token: "t" } });
        assert.deepEqual(server.to("/meta/subscribe")[0].ext, { token: "t", replay: { "/e": -1 } });
        assert.equal(server.to("/meta/handshake")[0].ext.ack, true);
      });
    });

    describe("against the real server", () => {
      let server;
      before(async () => {
        server = await Server.start({
          config: `
            [bayeux]
            max_interval_ms = 300
            [[channels]]
            pattern = "/kept/**"
            replay_age_ms = 60000
            replay_messages = 100`,
        });
      });
      after(() => server.stop());

      const wires = [];
      afterEach(async () => {
        // Pages first, so that none leaves a session behind.
        for (const page of pages.splice(0)) await page.close();
        for (const wire of wires.splice(0)) await wire.close();
      });

      /** A page on a wire, and a publisher that is not. */
      async function pair(channel) {
        const wire = await Wire.to(server.url);
        wires.push(wire);
        const page = await open(`${wire.url}/cometd`, { subscriptions: [channel], ack: true });
        const publisher = await open(`${server.url}/cometd`, { subscriptions: [] });
        return { page, publisher, wire };
      }

      /** Cuts the wire for longer than the server keeps a session. */
      async function outage(wire, { page, publisher, meanwhile }) {
        const before = await sessions();
        wire.cut();
        await publisher.until("one session less", async () => (await sessions()) < before);
        await meanwhile();
        wire.mend();
        await page.subscribed(2);
      }

      async function sessions() {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        return Number(/^encke_sessions\{endpoint="cometd"\} (\d+)$/m.exec(metrics)[1]);
      }

      test("what was published while the session was lost arrives, in order and once", async () => {
        const { page, publisher, wire } = await pair("/kept/a");
        await publisher.publish("/kept/a", "before");
        await page.collect(1);
        const meanwhile = async () => {
          await publisher.publish("/kept/a", "meanwhile");
          await publisher.publish("/kept/a", "and more");
        };
        await outage(wire, { page, publisher, meanwhile });
        await publisher.publish("/kept/a", "after");
        assert.deepEqual(await page.collect(4), ["before", "meanwhile", "and more", "after"]);
        assert.deepEqual(page.gaps, []);
        assert.equal(page.statuses.at(-1).status, "resumed");
      });

      test("more than is kept is told as a gap", async () => {
        const { page, publisher, wire } = await pair("/kept/b");
        await publisher.publish("/kept/b", 0);
        await page.collect(1);
        const meanwhile = async () => {
          for (let n = 1; n <= 150; n += 1) await publisher.publish("/kept/b", n);
        };
        await outage(wire, { page, publisher, meanwhile });
        const data = await page.collect(101);
        assert.deepEqual([data[1], data.at(-1)], [51, 150]);
        assert.deepEqual(page.gaps.map(({ reason }) => reason), ["log"]);
      });

      test("over WebSocket a refused position falls back as well", async () => {
        const store = new MemoryStore();
        store.set("/kept/c", { id: 2 ** 52 });
        const publisher = await open(`${server.url}/cometd`, { subscriptions: [] });
        await publisher.publish("/kept/c", "kept");
        const page = await open(`${server.url}/cometd`, { store, subscriptions: ["/kept/c"], transport: "websocket", ack: true });
        await publisher.publish("/kept/c", "new");
        assert.deepEqual(await page.collect(2), ["kept", "new"]);
        assert.deepEqual(page.gaps.map(({ status }) => status), ["gap"]);
        assert.equal(page.cometd.getTransport().type ?? page.cometd.getTransport().getType(), "websocket");
      });

      test("the file that the server serves is this one", async () => {
        const response = await fetch(`${server.url}/js/encke-replay.js`);
        assert.equal(response.headers.get("content-type"), "text/javascript; charset=utf-8");
        assert.equal(await response.text(), await readFile(new URL("../../crates/server/web/js/encke-replay.js", import.meta.url), "utf8"));
      });
    });
  });
}

/** One page with the library and the extension. */
class Page {
  data = [];
  gaps = [];
  statuses = [];
  /** Replies to subscribes, as the application sees them. */
  replies = [];
  #subscriptions;
  #handles = new Map();
  #onMessage;
  #changed = new Set();

  constructor(cometd, { onMessage = () => {}, transport = "long-polling", ...options }, subscriptions) {
    this.cometd = cometd;
    this.#onMessage = onMessage;
    this.#subscriptions = subscriptions;
    this.replay = new ReplayExtension({
      onGap: (gap) => this.gaps.push(gap),
      onStatus: (told) => this.statuses.push(told),
      ...options,
    });
    cometd.registerExtension("replay", this.replay);
    for (const other of ["websocket", "long-polling", "callback-polling"]) {
      if (other !== transport) cometd.unregisterTransport(other);
    }
    cometd.addListener("/meta/subscribe", (reply) => {
      this.replies.push(reply);
      this.#look();
    });
    cometd.addListener("/meta/handshake", ({ successful }) => {
      if (successful) this.#subscriptions.forEach((subscription) => this.#subscribe(subscription));
    });
  }

  async up(url) {
    this.cometd.configure({ url, logLevel: "error", backoffIncrement: 50 });
    this.cometd.handshake();
    await this.subscribed(this.#subscriptions.length);
    await this.until("a connection", () => this.cometd.getStatus() === "connected");
  }

  /** Resolves when so many subscribes were answered. */
  subscribed(count) {
    return this.until(`${count} answers to subscribes`, () => this.replies.length >= count);
  }

  async collect(count) {
    await this.until(`${count} messages`, () => this.data.length >= count);
    assert.equal(this.data.length, count);
    return this.data;
  }

  async subscribe(subscription, props) {
    const count = this.replies.length + 1;
    this.#subscribe(subscription, props);
    await this.subscribed(count);
  }

  unsubscribe(subscription) {
    return new Promise((resolve) => this.cometd.unsubscribe(this.#handles.get(subscription), {}, resolve));
  }

  publish(channel, data) {
    return new Promise((resolve, reject) =>
      this.cometd.publish(channel, data, {}, (reply) => (reply.successful ? resolve(reply) : reject(new Error(reply.error)))));
  }

  close() {
    return new Promise((resolve) => {
      if (this.cometd.isDisconnected()) resolve();
      else this.cometd.disconnect(resolve);
    });
  }

  #subscribe(subscription, props = {}) {
    const handle = this.cometd.subscribe(subscription, (message) => {
      this.data.push(message.data);
      this.#onMessage(message);
      this.#look();
    }, props);
    this.#handles.set(subscription, handle);
  }

  #look() {
    for (const look of [...this.#changed]) look();
  }

  until(what, seen) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearInterval(again);
        clearTimeout(late);
        this.#changed.delete(look);
        settle(value);
      };
      const look = async () => (await seen()) && done(resolve);
      // The library's status changes without a word.
      const again = setInterval(look, 20);
      const late = setTimeout(() => {
        done(reject, new Error(`${what}: not in time; ${JSON.stringify([this.replies, this.data, this.gaps])}`));
      }, 20_000);
      this.#changed.add(look);
      look();
    });
  }
}
