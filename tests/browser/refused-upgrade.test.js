/**
 * Networks that let no WebSocket through: the stock client falls back to long-polling, and nobody has to do anything.
 */
import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {publish} from "../interop/matrix/publisher.js";
import {eventually, launch, newContext, newPage} from "./browser.js";
import {startServer} from "./server.js";
import {Site} from "./site.js";

const COUNT = 200;
const COUNTED = Array.from({length: COUNT}, (_, number) => number);

describe("a WebSocket", () => {
    let browser;
    let server;

    before(async () => {
        [browser, server] = await Promise.all([launch(), startServer()]);
    });

    after(async () => {
        await browser?.close();
        await server?.stop();
    });

    /** Opens the page behind a proxy; the transport it ends up with, and what it had to say. */
    async function settle(upgrades) {
        const site = await Site.before(server.url, upgrades);
        try {
            const context = await newContext(browser);
            const {page, complaints} = await newPage(context);
            await page.goto(`${site.url}/?channel=/numbers`);
            await eventually("subscribed", () => page.evaluate(() => window.subscribed));
            await publish(server, "/numbers", COUNTED);
            const received = await eventually("every number", () => page.evaluate((count) => window.numbers.length >= count && window.numbers, COUNT));
            assert.deepEqual(received, COUNTED);
            const transport = await page.evaluate(() => window.transport());
            await context.close();
            return {transport, complaints};
        } finally {
            await site.close();
        }
    }

    test("that the proxy lets through is used", async () => {
        assert.deepEqual(await settle("passed"), {transport: "websocket", complaints: []});
    });

    for (const upgrades of ["refused", "stripped", "hung up on"]) {
        test(`that is ${upgrades} leaves long-polling, without anybody doing anything`, async () => {
            const {transport, complaints} = await settle(upgrades);
            assert.equal(transport, "long-polling");
            // The browser writes down by itself that the WebSocket failed.
            assert.deepEqual(complaints.filter((complaint) => !/WebSocket connection to .* failed/.test(complaint)), []);
        });
    }
});
