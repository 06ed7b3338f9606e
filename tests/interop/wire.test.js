// What no JavaScript object can show: the bytes of `data`, repeated members, arrays of channels.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Server, basic } from "./server.js";

describe("on the wire", () => {
  let server;
  before(async () => {
    server = await Server.start();
  });
  after(() => server.stop());

  /** Posts text as it is; the text and the cookies that come back. */
  async function post(path, body, headers = {}) {
    const response = await fetch(server.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body,
    });
    const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
    return { text: await response.text(), cookie: cookies.join("; ") };
  }

  /** A session that is up: a function that posts messages within it and returns the text. */
  async function session(path, headers = {}) {
    const hello = [{ channel: "/meta/handshake", version: "1.0", supportedConnectionTypes: ["long-polling"] }];
    const { text, cookie } = await post(path, JSON.stringify(hello), headers);
    const [{ clientId, successful }] = JSON.parse(text);
    assert.equal(successful, true, text);
    const within = async (...messages) => {
      const body = messages.map((message) => message.replace("{", `{"clientId":"${clientId}",`));
      return (await post(path, `[${body.join(",")}]`, { cookie, ...headers })).text;
    };
    await within('{"channel":"/meta/connect","connectionType":"long-polling","advice":{"timeout":0}}');
    return within;
  }

  const poll = '{"channel":"/meta/connect","connectionType":"long-polling"}';

  test("published data passes byte for byte", async () => {
    const [one, two] = [await session("/cometd"), await session("/cometd")];
    await two('{"channel":"/meta/subscribe","subscription":"/bytes"}');
    const data = String.raw`{"z":1.10,"a":9223372036854775808,"e":1E-7,"m":-0.0,"n":12345678901234567890123,"u":"\u00e9\ud83d\ude00\u0000","a":[ 1 , 2 ]}`;
    await one(`{"channel":"/bytes","id":"1","data":${data}}`);
    const text = await two(poll);
    assert.ok(text.includes(`"data":${data}`), text);
  });

  test("what a publisher must not inject does not reach subscribers", async () => {
    const [one, two] = [await session("/cometd"), await session("/cometd")];
    await two('{"channel":"/meta/subscribe","subscription":"/inject"}');
    const extra = '"advice":{"reconnect":"none"},"successful":false,"error":"x","subscription":"/y","foo":1';
    const reply = JSON.parse(await one(`{"channel":"/inject","id":"1","data":1,${extra}}`));
    assert.deepEqual(reply, [{ channel: "/inject", id: "1", successful: true }]);
    const [message] = JSON.parse(await two(poll));
    assert.deepEqual(message, { channel: "/inject", data: 1 });
  });

  test("an array of channels is one subscription with one reply", async () => {
    const within = await session("/cometd");
    const text = await within('{"channel":"/meta/subscribe","id":"1","subscription":["/one","/two/*"]}');
    const subscription = ["/one", "/two/*"];
    assert.deepEqual(JSON.parse(text), [{ channel: "/meta/subscribe", id: "1", subscription, successful: true }]);
    await within('{"channel":"/one","data":1}', '{"channel":"/two/x","data":2}');
    const echo = JSON.parse(await within(poll));
    assert.deepEqual(echo.slice(0, 2), [{ channel: "/one", data: 1 }, { channel: "/two/x", data: 2 }]);
    const gone = '{"channel":"/meta/unsubscribe","id":"2","subscription":["/one","/two/*"]}';
    assert.deepEqual(JSON.parse(await within(gone)), [{ channel: "/meta/unsubscribe", id: "2", subscription, successful: true }]);
    await within('{"channel":"/one","data":3}');
    const quiet = JSON.parse(await within(poll.replace("}", ',"advice":{"timeout":0}}')));
    assert.deepEqual(quiet.map(({ channel }) => channel), ["/meta/connect"]);
  });

  test("attaching an existing key shows it twice, digits kept", async () => {
    const within = await session("/api/v2/notifications", { authorization: basic("bob") });
    await within('{"channel":"/meta/subscribe","subscription":"/v2/me/calls"}');
    const call = await server.dial("alice", "15001");
    const attach = (pairs) => server.operate("alice", `me/calls/${call}`, `{"operationName":"AttachUserData","userData":{${pairs}}}`);
    await attach('"AccountNumber":"12345","price":1.10,"big":9223372036854775808');
    await attach('"AccountNumber":"67890"');
    const wanted = '"userData":{"AccountNumber":"12345","price":1.10,"big":9223372036854775808,"AccountNumber":"67890"}';
    let text = "";
    while (!text.includes("67890")) text += await within(poll);
    assert.ok(text.includes(wanted), text);
    const { text: read } = await server.rest("alice", "GET", `me/calls/${call}`);
    assert.ok(read.includes(wanted), read);
  });
});
