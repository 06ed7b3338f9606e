/**
 * The browser's own EventSource on the channels of a real server.
 */
import assert from "node:assert/strict";
import {once} from "node:events";
import {createServer} from "node:http";
import {after, before, test} from "node:test";
import {eventually, launch, newContext, newPage} from "./browser.js";
import {startServer} from "./server.js";

const CHANNELS = "events?channel=/chat/*&channel=/news";

let server;
let browser;

before(async () => {
    server = await startServer();
    browser = await launch();
});

after(async () => {
    await browser?.close();
    await server?.stop();
});

/** Publishes as a client with a session of its own. */
async function publish(channel, data) {
    const send = async (message) => {
        const response = await fetch(`${server.url}/cometd`, {method: "POST", body: JSON.stringify([message])});
        return (await response.json())[0];
    };
    const {clientId} = await send({channel: "/meta/handshake", version: "1.0"});
    const {successful} = await send({channel, data, clientId});
    assert.equal(successful, true);
    await send({channel: "/meta/disconnect", clientId});
}

/** Opens an EventSource on the page, whose messages are kept in `window.received`. */
function listen(page, url, options = {}) {
    return page.evaluate(([address, init]) => new Promise((resolve) => {
        window.received = [];
        window.opened = 0;
        window.source = new EventSource(address, init);
        window.source.onmessage = ({data, lastEventId}) => window.received.push({...JSON.parse(data), lastEventId});
        window.source.onopen = () => {
            window.opened += 1;
            resolve();
        };
    }), [url, options]);
}

const received = (page) => page.evaluate(() => window.received);

test("an EventSource hears its channels and comes back to a server that was restarted", async () => {
    const context = await newContext(browser);
    const {page, complaints} = await newPage(context);
    await page.goto(`${server.url}/openapi.json`);
    await listen(page, `/cometd/${CHANNELS}`);
    await publish("/chat/a", {text: "first <b>&\u2028"});
    await publish("/elsewhere", 0);
    await publish("/news", [1]);
    await eventually("both messages", async () => (await received(page)).length === 2);
    assert.deepEqual(await received(page), [
        {channel: "/chat/a", data: {text: "first <b>&\u2028"}, lastEventId: ""},
        {channel: "/news", data: [1], lastEventId: ""},
    ]);
    assert.deepEqual(complaints, []);

    const {address} = server;
    await server.stop();
    server = await startServer({listen: address});
    await eventually("back again", () => page.evaluate(() => window.opened === 2));
    await publish("/chat/b", "second");
    await eventually("the third message", async () => (await received(page)).length === 3);
    assert.equal((await received(page))[2].data, "second");
    await context.close();
});

test("a page of an allowed origin listens with the user's login, to that user's channels alone", async () => {
    const site = createServer((request, response) => response.end("<title>site</title>")).listen(0, "127.0.0.1");
    await once(site, "listening");
    const context = await newContext(browser);
    const {page} = await newPage(context);
    // The login's cookie; the browser sends it along because of `withCredentials`.
    await context.request.get(`${server.url}/api/v2/me`, {headers: {Authorization: `Basic ${btoa("alice:demo")}`}});
    await page.goto(`http://127.0.0.1:${site.address().port}/`);
    await listen(page, `${server.url}/api/v2/notifications/events?channel=/v2/me/calls`, {withCredentials: true});
    await server.outside("calls", {to: "15001", from: "+15550100"});
    const {id} = await server.outside("calls", {to: "15000", from: "+15550100"});
    await eventually("told of the call", async () => (await received(page)).length > 0);
    const calls = await received(page);
    assert.deepEqual(new Set(calls.map(({data}) => data.call.id)), new Set([id]));
    assert.equal(calls[0].channel, "/v2/me/calls");
    await context.close();
    site.close();
});
