/**
 * Networks that let no WebSocket through, or none any more: the stock client goes on over long-polling, and the page's
 * user sees every number in order.
 */
import assert from "node:assert/strict";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, describe, test} from "node:test";
import {eventually, launch} from "./browser.js";
import {beganAgainOnlyWhenNeeded, expiries} from "./expiries.js";
import {Reader, settings} from "./reader.js";
import {startServer} from "./server.js";
import {Site} from "./site.js";

const MANY = 200;
const SOME = 20;
/** Sessions that outlive what is done to their WebSockets, and sessions that do not. */
const LONG_MS = 15_000;
const SHORT_MS = 2000;

describe("a WebSocket", () => {
    let browser;
    let folder;
    let patient;
    let hasty;

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "encke-upgrades-"));
        [browser, patient, hasty] = await Promise.all([launch(), serve(LONG_MS), serve(SHORT_MS)]);
    });

    after(async () => {
        await browser?.close();
        await Promise.all([patient?.stop(), hasty?.stop()]);
        await rm(folder, {recursive: true, force: true});
    });

    async function serve(maxIntervalMs) {
        const config = join(folder, `${maxIntervalMs}.toml`);
        await writeFile(config, settings(maxIntervalMs));
        return startServer({config});
    }

    /** Opens the page behind a proxy and lets `look` see what comes of it. */
    async function behind(server, upgrades, query, look) {
        const site = await Site.before(server.url, upgrades);
        let reader;
        try {
            reader = await Reader.open(browser, site, query);
            await reader.publish(server, MANY);
            await reader.showsAll();
            await look({server, site, reader, begun: await reader.seen()});
            // The browser writes down by itself that a connection failed.
            assert.deepEqual(reader.complaints.filter((complaint) => !/WebSocket connection to .* failed/.test(complaint)), []);
        } finally {
            await reader?.close();
            await site.close();
        }
    }

    test("that the proxy lets through is used", async () => {
        await behind(patient, "passed", {}, async ({reader, begun}) => {
            assert.equal(begun.transport, "websocket");
            assert.deepEqual(reader.complaints, []);
        });
    });

    for (const upgrades of ["refused", "stripped", "hung up on"]) {
        test(`that is ${upgrades} leaves long-polling, without anybody doing anything`, async () => {
            await behind(patient, upgrades, {}, async ({begun}) => {
                assert.equal(begun.transport, "long-polling");
                assert.equal(begun.sessions.length, 1);
            });
        });
    }

    test("that is refused for a while is taken up again, with the same session and everything missed", async () => {
        await behind(patient, "passed", {replay: ""}, async ({server, site, reader, begun}) => {
            const before = site.asked;
            site.upgrades = "refused";
            site.endSockets();
            await reader.publish(server, SOME);
            await eventually("another upgrade", () => site.asked > before);
            site.upgrades = "passed";
            await reader.publish(server, SOME);
            await reader.showsAll();
            assert.deepEqual(await reader.seen(), begun);
        });
    });

    test("that is refused from some time on leaves the same session over long-polling, if the page moves it", async () => {
        await behind(patient, "passed", {replay: "", move: ""}, async ({server, site, reader, begun}) => {
            site.upgrades = "refused";
            site.endSockets();
            await reader.publish(server, SOME);
            await reader.showsAll();
            assert.deepEqual(await reader.seen(), {...begun, transport: "long-polling"});
            await reader.publish(server, SOME);
            await reader.showsAll();
        });
    });

    test("that is refused from some time on leaves a new session over long-polling, which misses nothing", async () => {
        const expiredBefore = await expiries(hasty);
        await behind(hasty, "passed", {replay: "", sticky: "false"}, async ({server, site, reader, begun}) => {
            site.upgrades = "refused";
            site.endSockets();
            await reader.publish(server, SOME);
            await reader.subscribes(2);
            await reader.showsAll();
            const seen = await reader.seen();
            assert.equal(seen.transport, "long-polling");
            assert.equal(seen.sessions[0], begun.sessions[0]);
            // The client leaves its first session by itself, for another transport.
            beganAgainOnlyWhenNeeded(seen, await expiries(server) - expiredBefore, 1);
            await reader.publish(server, SOME);
            await reader.showsAll();
        });
    });
});
