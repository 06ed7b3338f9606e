/**
 * The desk's pane for scenarios, against a player whose answers the test gives, and against the server's own.
 */
import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {flaws} from "./accessible.js";
import {eventually, launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";

const PLAYER = "/sim/v1/scenarios";

describe("the pane for scenarios", () => {
    let server;
    let browser;

    before(async () => {
        [browser, server] = await Promise.all([launch(), startServer()]);
    });

    after(async () => {
        await browser?.close();
        await server?.stop();
    });

    /** Opens a desk on a server whose player is `answer`, and lets `look` see the pane. */
    async function withPlayer(answer, look, isExpected = () => false) {
        const context = await newContext(browser);
        const {page, complaints} = await newPage(context);
        const asked = [];
        await page.route(({pathname}) => pathname.startsWith(PLAYER), async (route) => {
            const request = route.request();
            const path = new URL(request.url()).pathname.slice(PLAYER.length);
            asked.push([request.method(), path, request.postDataJSON()]);
            const [status, json] = answer(request.method(), path);
            await route.fulfill({status, json});
        });
        await page.goto(`${server.url}/desk/?agents=alice`);
        await new Desk(page, "alice").isLive();
        const pane = page.locator(".outside-part", {has: page.getByRole("heading", {name: "Scenario", includeHidden: true})});
        await look({page, pane, asked});
        assert.deepEqual(complaints.filter((complaint) => !isExpected(complaint)), []);
        await context.close();
    }

    test("is not there where the server has no player", async () => {
        await withPlayer(() => [404, {statusCode: 6, statusMessage: "no"}], async ({page, pane, asked}) => {
            await eventually("asked", () => asked.length > 0);
            // It is hidden before the answer, too; whoever asks after the desk is answered after it.
            assert.equal(await page.evaluate(async (path) => (await fetch(path)).status, PLAYER), 404);
            assert.equal(asked.length, 2);
            assert.equal(await pane.count(), 1);
            assert.equal(await pane.isVisible(), false);
        }, (complaint) => /404/.test(complaint) && complaint.endsWith(PLAYER));
    });

    test("starts one with its seed, shows how far it is, and stops it", async () => {
        let done = 3;
        const answer = (method, path) => {
            if (method === "GET" && path === "") {
                return [200, {statusCode: 0, builtIn: [{name: "quiet-morning", title: "Few calls", duration: 600}, {name: "call-storm", title: "Many calls", duration: 90}], running: [{id: "s0", state: "ended"}]}];
            }
            if (method === "GET") {
                return [200, {statusCode: 0, state: "running", seed: 7, at: 61, done, failed: 1, passed: 2, steps: 40}];
            }
            return [200, method === "POST" ? {statusCode: 0, id: "s1"} : {statusCode: 0}];
        };
        await withPlayer(answer, async ({page, pane, asked}) => {
            await pane.getByRole("heading", {name: "Scenario"}).click();
            await pane.getByText("Few calls \u00b7 10:00").waitFor();
            await pane.getByLabel("Scenario", {exact: true}).and(page.locator("select")).selectOption("call-storm");
            await pane.getByText("Many calls \u00b7 1:30").waitFor();
            await pane.getByLabel("Seed").fill("7");
            await pane.getByLabel("Speed").selectOption("10");
            await pane.getByRole("button", {name: "Start"}).click();
            await pane.getByText("3 of 40 steps \u00b7 1 failed \u00b7 1:01 \u00b7 seed 7").waitFor();
            assert.deepEqual(await pane.getByRole("progressbar").evaluate(({value, max}) => [value, max]), [6, 40]);
            assert.deepEqual(await flaws(page), []);
            await screenshot(page, "desk-scenario");
            done = 4;
            await pane.getByText("4 of 40 steps").waitFor();
            await pane.getByRole("button", {name: "Stop"}).click();
            await pane.getByText("Stopped.").waitFor();
            await pane.getByRole("button", {name: "Start"}).waitFor();
            assert.deepEqual(asked.filter(([method]) => method !== "GET"), [
                ["POST", "", {name: "call-storm", speed: 10, seed: 7}],
                ["DELETE", "/s1", null],
            ]);
        });
    });

    test("plays one of the server's own, whose callers ring at the desk", async () => {
        const context = await newContext(browser);
        const {page, complaints} = await newPage(context);
        await page.goto(`${server.url}/desk/?agents=alice`);
        const alice = new Desk(page, "alice");
        await alice.isLive();
        const pane = page.locator(".outside-part", {has: page.getByRole("heading", {name: "Scenario", includeHidden: true})});
        await pane.getByRole("heading", {name: "Scenario"}).click();
        await pane.getByLabel("Scenario", {exact: true}).and(page.locator("select")).selectOption("sms-afternoon");
        await pane.getByLabel("Seed").fill("7");
        await pane.getByLabel("Speed").selectOption("10");
        await pane.getByRole("button", {name: "Start"}).click();
        await alice.root.locator('.card[data-medium="sms"]').first().waitFor();
        await pane.getByText(/^\d+ of \d+ steps .*seed 7$/).waitFor();
        await pane.getByRole("button", {name: "Stop"}).click();
        await pane.getByText("Stopped.").waitFor();
        assert.deepEqual(complaints, []);
        await context.close();
    });

    test("takes up one that plays already, and says when it has ended", async () => {
        let state = "running";
        const answer = (method, path) => path === ""
            ? [200, {statusCode: 0, builtIn: [{name: "bad-day", title: "A bad day", duration: 60}], running: [{id: "s9", state: "running"}]}]
            : [200, {statusCode: 0, state, seed: 1, at: 5, done: 2, failed: 0, passed: 0, steps: 2}];
        await withPlayer(answer, async ({pane}) => {
            await pane.getByRole("heading", {name: "Scenario"}).click();
            await pane.getByRole("button", {name: "Stop"}).waitFor();
            state = "ended";
            await pane.getByText("Ended. 2 of 2 steps").waitFor();
            await pane.getByRole("button", {name: "Start"}).waitFor();
        });
    });
});
