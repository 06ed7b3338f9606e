/**
 * A page of another origin with the stock CometD client: CORS with credentials, login, cookie, notifications.
 */
import assert from "node:assert/strict";
import {once} from "node:events";
import {readFile} from "node:fs/promises";
import {createServer} from "node:http";
import {after, before, test} from "node:test";
import {eventually, launch, newContext, newPage} from "./browser.js";
import {startServer} from "./server.js";

let server;
let browser;
let site;

before(async () => {
    server = await startServer();
    browser = await launch();
    site = createServer(serveSite).listen(0, "127.0.0.1");
    await once(site, "listening");
});

after(async () => {
    await browser?.close();
    site?.close();
    await server?.stop();
});

test("page of another origin logs in, handshakes with credentials and receives a change of user data", async () => {
    const context = await newContext(browser);
    const {page, complaints} = await newPage(context);
    await page.goto(`http://127.0.0.1:${site.address().port}/?server=${encodeURIComponent(server.url)}`);
    await eventually("subscribed", () => page.evaluate(() => window.subscribed));
    const [refused, login] = await page.evaluate(() => window.answers);
    assert.equal(refused[0], 403);
    assert.equal(refused[1].statusCode, 20);
    assert.equal(login[0], 200);
    assert.equal(login[1].user.userName, "alice");
    assert.deepEqual(await page.evaluate(() => window.handshake.supportedConnectionTypes.includes("long-polling")), true);

    const {id} = await server.outside("calls", {to: "15000", from: "+15550100"});
    const answer = await page.evaluate(([call, body]) => window.change(call, body),
        [id, {operationName: "AttachUserData", userData: {AccountNumber: "12345"}}]);
    assert.deepEqual(answer, {statusCode: 0});
    const changes = () => page.evaluate(() => window.received.filter(({data}) => data.notificationType === "AttachedDataChanged"));
    await eventually("told of the change", async () => (await changes()).length > 0);
    const [{channel, data}] = await changes();
    assert.equal(channel, "/v2/me/calls");
    assert.equal(data.messageType, "CallStateChangeMessage");
    assert.equal(data.phoneNumber, "15000");
    assert.equal(data.call.id, id);
    assert.deepEqual(data.call.userData, {AccountNumber: "12345"});

    // The first request, without a login, is refused by design and the browser says so; nothing else went wrong.
    assert.deepEqual(complaints.filter((complaint) => !complaint.includes("403") || !complaint.includes("/api/v2/me")), []);
    await context.close();
});

test("page of another origin sees nothing of another user", async () => {
    const context = await newContext(browser);
    const {page} = await newPage(context);
    await page.goto(`http://127.0.0.1:${site.address().port}/?server=${encodeURIComponent(server.url)}`);
    await eventually("subscribed", () => page.evaluate(() => window.subscribed));
    const {id} = await server.outside("calls", {to: "15002", from: "+15550100"});
    await server.asAgent("carol", `/api/v2/me/calls/${id}`, {operationName: "AttachUserData", userData: {Secret: "carol's"}});
    // A later event of its own shows that what came before would have arrived by now.
    await server.outside("calls", {to: "15000", from: "+15550111"});
    await eventually("its own call", () => page.evaluate(() => window.received.some(({data}) => data.call?.participants[0]?.phoneNumber === "+15550111")));
    assert.equal(await page.evaluate(() => JSON.stringify(window.received).includes("Secret")), false);
    await context.close();
});

/** The site of the other origin: the page, its module, and the CometD client from node_modules. */
async function serveSite(request, response) {
    const {pathname} = new URL(request.url ?? "/", "http://site");
    const files = {"/": "cross-origin.html", "/cross-origin-page.js": "cross-origin-page.js"};
    const cometd = /^\/cometd\/(\w+\.js)$/.exec(pathname);
    const file = cometd ? `node_modules/cometd/${cometd[1]}` : files[pathname];
    if (!file) {
        response.writeHead(404).end();
        return;
    }
    const type = file.endsWith(".html") ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8";
    response.writeHead(200, {"Content-Type": type}).end(await readFile(new URL(file, import.meta.url)));
}
