/**
 * The guided minute, as somebody takes it who has never been here, and what it leaves alone.
 */
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, describe, test} from "node:test";
import {flaws} from "./accessible.js";
import {launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";
import {unreachable} from "./targets.js";

describe("the guide", () => {
    let browser;
    let server;
    let context;
    let page;
    let complaints;
    let guide;
    let alice;
    let bob;

    before(async () => {
        browser = await launch();
    });

    after(async () => {
        await browser?.close();
    });

    beforeEach(async () => {
        server = await startServer();
    });

    afterEach(async () => {
        await context?.close();
        await server?.stop();
    });

    async function arrive(options = {}) {
        context = await newContext(browser, options);
        ({page, complaints} = await newPage(context));
        guide = page.getByRole("complementary", {name: /./}).and(page.locator(".guide"));
        [alice, bob] = ["alice", "bob"].map((user) => new Desk(page, user));
        await page.goto(`${server.url}/`);
    }

    const says = (title) => guide.getByRole("heading", {name: title}).waitFor();

    test("leads whoever does it all by hand from the first call to the first pushed change", async () => {
        await arrive();
        await page.getByRole("button", {name: "Show me in a minute"}).click();
        await says("Ring Bob");
        assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Ring Bob");
        await bob.isLive();
        await page.locator(`.pane[data-user="alice"] .dial.pointed-at`).waitFor();
        assert.deepEqual(await flaws(page), []);
        await alice.dial("15001");
        await says("Answer as Bob");
        await page.locator(`.pane[data-user="bob"] .controls.pointed-at`).waitFor();
        await screenshot(page, "guide-answer");
        await bob.press("Answer");
        await says("Attach something to the call");
        await alice.put("Attach", "AccountNumber", "12345");
        await says("There it is, on Bob\u2019s desk");
        await bob.shows("AccountNumber", "12345", "added");
        assert.deepEqual(await flaws(page), []);
        await guide.getByRole("button", {name: "Next"}).click();
        await says("Be the customer");
        await page.getByRole("form", {name: "Call in"}).getByRole("button", {name: "Place call"}).click();
        await says("That is Encke");
        await guide.getByRole("button", {name: "Finish"}).click();
        await guide.waitFor({state: "hidden"});
        assert.equal(await page.locator(".pointed-at").count(), 0);
        assert.deepEqual(complaints, []);

        await page.goto(`${server.url}/`);
        await page.locator(".ways button.primary", {hasText: "Open Alice and Bob side by side"}).waitFor();
        await page.getByRole("button", {name: "Show me again"}).waitFor();
    });

    test("does it for whoever would rather watch, on a phone too, with what it speaks of in front", async () => {
        await arrive({viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true});
        await page.getByRole("button", {name: "Show me in a minute"}).tap();
        for (const [title, press, shown] of [
            ["Ring Bob", "Dial for me", alice.root], ["Answer as Bob", "Answer for me", bob.root],
            ["Attach something to the call", "Attach for me", alice.root], ["There it is, on Bob\u2019s desk", "Next", bob.root],
            ["Be the customer", "Call for me", page.locator(".outside")], ["That is Encke", "Finish", alice.root],
        ]) {
            await says(title);
            await shown.waitFor();
            await page.locator(".pointed-at").first().waitFor();
            assert.deepEqual(await unreachable(page), [], title);
            await guide.getByRole("button", {name: press}).tap();
        }
        await guide.waitFor({state: "hidden"});
        assert.deepEqual(complaints, []);
    });

    test("goes with Escape, is not in the way of whoever was here, and comes when it is asked for", async () => {
        await arrive();
        await page.getByRole("button", {name: "Show me in a minute"}).click();
        await says("Ring Bob");
        await page.keyboard.press("Escape");
        await guide.waitFor({state: "hidden"});
        await page.reload();
        await bob.isLive();
        assert.equal(await guide.count(), 0, "not back by itself");
        await page.getByRole("button", {name: "Guide"}).click();
        await says("Ring Bob");
        await guide.getByRole("button", {name: "Leave the guide"}).click();
        await guide.waitFor({state: "hidden"});
        assert.deepEqual(complaints, []);
    });

    test("goes with Escape from a field of a desk, and not with the one that closes a dialog", async () => {
        await arrive();
        await page.getByRole("button", {name: "Show me in a minute"}).click();
        await says("Ring Bob");
        await bob.isLive();
        await page.keyboard.press("?");
        const dialog = page.getByRole("dialog", {name: "Keyboard shortcuts"});
        await dialog.waitFor();
        await page.keyboard.press("Escape");
        await dialog.waitFor({state: "hidden"});
        assert.equal(await guide.isVisible(), true);
        await alice.root.getByLabel("Number to dial").focus();
        await page.keyboard.press("Escape");
        await guide.waitFor({state: "hidden"});
        assert.deepEqual(complaints, []);
    });

    test("goes back when the call is gone, opens its desks where others are open, and ends where they are closed", async () => {
        await arrive();
        await page.goto(`${server.url}/desk/?agents=bob,carol`);
        await bob.isLive();
        await page.getByRole("button", {name: "Guide"}).click();
        await alice.isLive();
        assert.equal(new URL(page.url()).search, "?agents=alice,bob");
        assert.deepEqual(await page.locator(".pane").evaluateAll((panes) => panes.map(({dataset}) => dataset.user)), ["alice", "bob"]);
        await guide.getByRole("button", {name: "Dial for me"}).click();
        await guide.getByRole("button", {name: "Answer for me"}).click();
        await says("Attach something to the call");
        await bob.press("Hang up");
        await says("Ring Bob");
        await bob.root.getByRole("button", {name: "Close the desk of Bob"}).click();
        await guide.waitFor({state: "hidden"});
        assert.deepEqual(complaints, []);
    });
});
