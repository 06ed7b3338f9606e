// What every supported version of the library must see; run for each by `cometd3.test.js` and
// `cometd9.test.js`.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Browser } from "./browser.js";
import { Example } from "./example.js";
import * as samples from "./samples.js";
import { Server } from "./server.js";

const GWS = "/api/v2/notifications";
const PLAIN = "/cometd";

export function suite(version) {
  remoteCalls(version);
  describe(`cometd ${version}`, () => {
    let server;
    const browsers = [];
    before(async () => {
      server = await Server.start();
    });
    after(async () => {
      await Promise.all(browsers.map((browser) => browser.close()));
      await server.stop();
    });

    async function open() {
      const browser = await Browser.open(version);
      browsers.push(browser);
      return browser;
    }

    async function desk(user, channels) {
      const browser = await open();
      await browser.up(server.url + GWS, { user, channels });
      return browser;
    }

    async function anonymous(options) {
      const browser = await open();
      await browser.up(server.url + PLAIN, options);
      return browser;
    }

    async function end(user, call) {
      await server.operate(user, `me/calls/${call}`, { operationName: "Hangup" });
    }

    test("a call's user data is told to both parties, each with its own view", async () => {
      const alice = await desk("alice", ["/v2/me/calls"]);
      const bob = await desk("bob", ["/v2/me/calls"]);
      const call = await server.dial("alice", "15001");
      const change = (body) => server.operate("alice", `me/calls/${call}`, body);
      const three = { AccountNumber: "12345678", CustomerSegment: "Platinum", CustomerName: "James" };
      const { CustomerName: _, ...two } = three;
      const steps = [
        [{ operationName: "AttachUserData", userData: { AccountNumber: "12345" } }, { AccountNumber: "12345" }],
        [{ operationName: "UpdateUserData", userData: { AccountNumber: "12345678" } }, { AccountNumber: "12345678" }],
        [{ operationName: "UpdateUserData", userData: three }, three],
        [{ operationName: "DeleteUserDataPair", key: "CustomerName" }, two],
        [{ operationName: "DeleteUserData" }, undefined],
        [{ operationName: "AttachUserData", userData: { back: "again" } }, { back: "again" }],
      ];
      for (const [body] of steps) await change(body);
      const views = [
        [alice, "alice", samples.callerView],
        [bob, "bob", samples.calleeView],
      ];
      for (const [browser, user, view] of views) {
        const told = await browser.collect(steps.length, isDataChange);
        const { devices } = await server.get(user, "me/devices?fields=*");
        assert.equal(told.length, steps.length);
        told.forEach((message, index) => {
          const { connId, duration } = message.data.call;
          const names = { url: server.url, call, device: devices[0].id, connId, duration };
          assert.deepEqual(message, { channel: "/v2/me/calls", data: view(names, steps[index][1]) });
          assert.match(connId, /^[0-9a-f]{16}$/);
          assert.match(duration, /^\d+$/);
          const order = Object.keys(message.data.call.userData ?? {});
          assert.deepEqual(order, Object.keys(steps[index][1] ?? {}));
        });
        assert.match(call, /^[0-9A-Z]{32}$/);
      }
      await end("alice", call);
      for (const browser of [alice, bob]) {
        const released = await browser.collect(1, ({ data }) => data.call.state === "Released");
        assert.equal(released[0].data.notificationType, "StatusChange");
        assert.deepEqual(released[0].data.call.capabilities, []);
        assert.equal(browser.messages.filter(isDataChange).length, steps.length, "and not one more");
      }
    });

    test("a repeated key shows its last value to JavaScript", async () => {
      const bob = await desk("bob", ["/v2/me/*"]);
      const call = await server.dial("alice", "15001");
      for (const value of ["first", "second"]) {
        const body = { operationName: "AttachUserData", userData: { AccountNumber: value } };
        await server.operate("alice", `me/calls/${call}`, body);
      }
      const told = await bob.collect(2, isDataChange);
      assert.deepEqual(told[1].data.call.userData, { AccountNumber: "second" });
      await end("alice", call);
    });

    test("an SMS session's user data keeps its types", async () => {
      const alice = await desk("alice", ["/v2/me/smsessions"]);
      const { id } = await server.simulate("smssessions", {
        to: "alice",
        from: "+15550100",
        nickname: "test_consult_clientL",
        text: "Hello",
        userData: samples.SMS_USER_DATA,
      });
      const path = `me/smsessions/${id}`;
      await server.operate("alice", path, { operationName: "Accept", nickname: "TestName" });
      const mine = { UserData1: "DATA1", UserData2: 123456789 };
      await server.operate("alice", path, { operationName: "AttachUserData", userData: mine });
      await server.operate("alice", path, { operationName: "UpdateUserData", userData: { UserData1: 987654321 } });
      await server.operate("alice", path, { operationName: "DeleteUserData", keys: ["UserData1", "RVQID"] });
      const updated = ({ data }) => data.notificationType === "PropertiesUpdated";
      const told = await alice.collect(3, updated);
      const { RVQID: _, ...rest } = samples.SMS_USER_DATA;
      const expected = [
        { ...samples.SMS_USER_DATA, ...mine },
        { ...samples.SMS_USER_DATA, ...mine, UserData1: 987654321 },
        { ...rest, UserData2: 123456789 },
      ];
      told.forEach((message, index) => {
        const [customer, agent] = message.data.smsession.participants.map((p) => p.participantId);
        const { referenceId } = message.data;
        const names = { url: server.url, id, referenceId, customer, agent };
        const data = samples.smsView(names, expected[index]);
        assert.deepEqual(message, { channel: "/v2/me/smsessions", data });
        assert.equal(typeof referenceId, "number");
        for (const participant of [customer, agent]) assert.match(participant, /^[0-9A-F]{16}$/);
        assert.match(id, /^[0-9A-Za-z]{15,16}$/);
      });
      assert.ok(told[0].data.referenceId < told[1].data.referenceId, "a reference for each request");
      await server.operate("alice", path, { operationName: "Complete" });
      await alice.collect(1, ({ data }) => data.smsession?.state === "Completed");
      assert.equal(alice.messages.filter(updated).length, 3);
    });

    test("a change by a third party is copied to it without thisDN, and only on tevents", async () => {
      const channels = ["/v2/me/tevents", "/v2/me/calls"];
      const [alice, bob, erin] = await Promise.all(["alice", "bob", "erin"].map((user) => desk(user, channels)));
      const call = await server.dial("alice", "15001");
      const attach = (userData) => ({ operationName: "AttachUserData", userData });
      await server.operate("erin", `calls/${call}`, attach({ by: "erin" }));
      await server.operate("alice", `me/calls/${call}`, attach({ by2: "alice" }));
      await server.simulate(`calls/${call}`, { ...attach({ by3: "outside" }), thirdPartyDn: "7777" });
      const data = [
        { by: "erin" },
        { by: "erin", by2: "alice" },
        { by: "erin", by2: "alice", by3: "outside" },
      ];
      const isEvent = ({ channel }) => channel === "/v2/me/tevents";
      const parties = [
        [alice, "15000"],
        [bob, "15001"],
      ];
      for (const [browser, dn] of parties) {
        const told = await browser.collect(3, isEvent);
        ["15009", "15000", "7777"].forEach((requester, index) => {
          check(told[index], call, dn, requester, data[index]);
        });
        assert.equal((await browser.collect(3, isDataChange)).length, 3);
      }
      const [copy] = await erin.collect(1, isEvent);
      check(copy, call, undefined, "15009", data[0]);
      await end("alice", call);
      await alice.collect(1, ({ data }) => data.call?.state === "Released");
      assert.deepEqual(erin.messages, [copy], "the requester hears of it once, and of nothing else");
    });

    test("after a kill and a restart the library shakes hands again by itself", async () => {
      const own = await Server.start();
      const bob = await Browser.open(version);
      try {
        await bob.up(own.url + GWS, { user: "bob", channels: ["/v2/me/calls"] });
        const call = await own.dial("alice", "15001");
        await bob.collect(1);
        await own.kill();
        await own.restart();
        const handshakes = ({ meta }) => meta.filter((m) => m.channel === "/meta/handshake" && m.successful);
        await bob.until("a second handshake", (browser) => handshakes(browser).length === 2);
        await bob.until("a new subscription", ({ meta }) => meta.filter((m) => m.channel === "/meta/subscribe" && m.successful).length === 2);
        const lost = bob.meta.find((m) => m.channel === "/meta/connect" && m.error === "402::session_unknown");
        assert.deepEqual(lost.advice, { reconnect: "handshake", interval: 0 });
        const attach = { operationName: "AttachUserData", userData: { k: "after" } };
        await own.operate("alice", `me/calls/${call}`, attach);
        const [told] = await bob.collect(1, isDataChange);
        assert.equal(told.data.call.id, call);
        assert.deepEqual(told.data.call.userData, { k: "after" });
      } finally {
        await bob.close();
        await own.stop();
      }
    });

    test("publishes come back in order, through a channel and its wildcards once", async () => {
      const first = await anonymous();
      const second = await anonymous();
      for (const channel of ["/a/b", "/a/*", "/a/**"]) {
        assert.equal((await first.subscribe(channel)).successful, true);
      }
      assert.equal((await second.subscribe("/a/*")).successful, true);
      // The library hands a message to every listener whose channel covers it: three for one copy.
      for (const data of [{ n: 1 }, "", 0, false, null]) {
        assert.equal((await second.publish("/a/b", data)).successful, true);
      }
      const echoed = await second.collect(5);
      assert.deepEqual(echoed.map(({ data }) => data), [{ n: 1 }, "", 0, false, null]);
      for (const message of echoed) assert.deepEqual(Object.keys(message).sort(), ["channel", "data"]);
      const told = await first.collect(15);
      assert.equal(told.length, 15);
      assert.equal((await second.order("unsubscribe", "/a/*")).successful, true);
      await first.publish("/a/b", "last");
      await first.collect(3, ({ data }) => data === "last");
      assert.equal(second.messages.length, 5);
    });

    test("a batch is one request whose replies keep its order", async () => {
      const browser = await anonymous({ channels: ["/batch/*"] });
      const publishes = [1, 2, 3, 4, 5].map((n) => ({ channel: `/batch/${n}`, data: n }));
      const replies = await browser.order("batch", publishes);
      assert.deepEqual(replies.map(({ channel, successful }) => [channel, successful]), publishes.map(({ channel }) => [channel, true]));
      const told = await browser.collect(5);
      assert.deepEqual(told.map(({ data }) => data), [1, 2, 3, 4, 5]);
    });

    test("a refused subscription is told with its error", async () => {
      const browser = await anonymous();
      const reply = await browser.subscribe("/meta/unheard");
      assert.equal(reply.successful, false);
      assert.equal(reply.error, "403:denied_by_security_policy:create_denied");
    });

    test("a disconnect ends the session", async () => {
      const browser = await anonymous();
      const reply = await browser.order("disconnect");
      assert.equal(reply.successful, true);
      const { status } = await browser.order("status");
      assert.equal(status, "disconnected");
    });

    test("with all its transports the library pushes over WebSocket where it is served", async () => {
      const browser = await anonymous({ allTransports: true, channels: ["/pushed"] });
      await browser.publish("/pushed", "works");
      await browser.collect(1, ({ data }) => data === "works");
      const { transport } = await browser.order("status");
      assert.equal(transport, "websocket");
    });

    test("with all its transports the library settles on long-polling where it is not", async () => {
      const alice = await open();
      await alice.up(server.url + GWS, { user: "alice", channels: ["/v2/me/calls"], allTransports: true });
      const { transport } = await alice.order("status");
      assert.equal(transport, "long-polling");
    });
  });
}

/** Remote calls of the library, answered by services of an embedder. */
function remoteCalls(version) {
  describe(`remote calls of cometd ${version}`, () => {
    let example;
    const browsers = [];
    before(async () => {
      example = await Example.start("embed_services");
    });
    after(async () => {
      await Promise.all(browsers.map((browser) => browser.close()));
      await example.stop();
    });

    async function caller() {
      const browser = await Browser.open(version);
      browsers.push(browser);
      await browser.up(example.url);
      return (target, content, timeout = 10_000) => browser.order("remoteCall", { target, content, timeout });
    }

    test("the result comes back to the caller", async () => {
      const call = await caller();
      const content = { text: "<b>\u2028", number: 1.5, list: [null, false] };
      const echoed = await call("echo", content);
      assert.equal(echoed.successful, true);
      assert.deepEqual(echoed.data, content);
      const later = await call("sum", [1, 2, 3.5]);
      assert.deepEqual([later.successful, later.data], [true, 6.5]);
    });

    test("a failure comes back with its data", async () => {
      const call = await caller();
      const failed = await call("sum", "no list");
      assert.equal(failed.successful, false);
      assert.equal(failed.error, undefined);
      assert.match(failed.data.reason, /invalid type/);
    });

    test("many calls at a time are told apart", async () => {
      const call = await caller();
      const numbers = Array.from({ length: 50 }, (_, number) => number);
      const results = await Promise.all(numbers.map((number) => call("sum", [number, 1])));
      assert.deepEqual(results.map(({ data }) => data), numbers.map((number) => number + 1));
    });

    test("a target that nobody serves times out at the caller, and the session goes on", async () => {
      const call = await caller();
      const late = await call("nobody", {}, 300);
      assert.equal(late.successful, false);
      assert.equal(late.error, "406::timeout");
      assert.equal((await call("echo", 1)).data, 1);
    });
  });
}

function isDataChange({ data }) {
  return data.notificationType === "AttachedDataChanged";
}

function check(message, call, thisDN, thirdPartyDN, userData) {
  const { connId, time } = message.data;
  const event = samples.attachedDataChanged({ call, connId, time }, thisDN, thirdPartyDN, userData);
  assert.deepEqual(message, { channel: "/v2/me/tevents", data: event });
  assert.match(connId, /^[0-9a-f]{16}@\S+$/);
}
