/**
 * The desk on a phone: fingers, 390 pixels, light and dark.
 */
import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {flaws} from "./accessible.js";
import {launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";
import {unreachable} from "./targets.js";

const PHONE = {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true, deviceScaleFactor: 2};

describe("on a phone", () => {
    let browser;

    before(async () => {
        browser = await launch();
    });

    after(async () => {
        await browser?.close();
    });

    for (const colorScheme of ["light", "dark"]) {
        test(`calls are made, answered, attached to and written by touch (${colorScheme})`, async () => {
            const server = await startServer();
            const context = await newContext(browser, {...PHONE, colorScheme});
            const {page, complaints} = await newPage(context);
            try {
                const [alice, bob] = ["alice", "bob"].map((user) => new Desk(page, user));
                const tabs = page.getByRole("navigation", {name: "Parts of the page"});
                const tab = (name) => tabs.getByRole("button", {name}).tap();
                const fits = async (name) => {
                    assert.deepEqual(await unreachable(page), [], name);
                    assert.deepEqual(await flaws(page), [], name);
                    await screenshot(page, `phone-${colorScheme}-${name}`);
                };
                await page.goto(`${server.url}/`);
                await page.getByRole("button", {name: "Show me in a minute"}).waitFor();
                await fits("welcome");
                await page.getByRole("button", {name: "Open Alice and Bob side by side"}).tap();
                await alice.isLive();
                await fits("quiet");

                await alice.root.getByRole("button", {name: "Call Bob"}).tap();
                await alice.hasState("Dialing");
                await tabs.getByRole("button", {name: "Bob 1 waiting"}).waitFor();
                await tab("Bob");
                await alice.root.waitFor({state: "hidden"});
                await fits("ringing");
                await bob.call.getByRole("button", {name: "Answer"}).tap();
                await bob.hasState("Established");
                await tabs.getByRole("button", {name: "Bob", exact: true}).waitFor();

                await bob.call.getByLabel("Key", {exact: true}).fill("AccountNumber");
                await bob.call.getByLabel("Value", {exact: true}).fill("12345");
                await bob.call.getByRole("button", {name: "Attach"}).tap();
                await bob.shows("AccountNumber", "12345", "added");
                await bob.call.getByRole("button", {name: "Keypad"}).tap();
                await bob.call.getByRole("button", {name: "Transfer or add"}).tap();
                await bob.call.getByRole("button", {name: "Edit AccountNumber"}).tap();
                await fits("everything-open");
                await bob.call.getByLabel("New value of AccountNumber").fill("777");
                await bob.call.getByRole("button", {name: "Save"}).tap();
                await tab("Alice");
                await alice.shows("AccountNumber", "777", "changed");
                await alice.root.getByText("Event log").tap();
                await fits("log");

                await tab("Outside");
                const outside = page.getByRole("complementary", {name: "Outside world"});
                await outside.getByRole("heading", {name: "Write in"}).tap();
                await outside.getByRole("heading", {name: "Third party"}).tap();
                await outside.getByRole("form", {name: "Write in"}).getByRole("button", {name: "Send in"}).tap();
                await outside.getByLabel("Message from Johanna").waitFor();
                await fits("outside");
                await tab("Alice");
                await alice.sms.getByRole("button", {name: "Accept"}).tap();
                await alice.sms.getByLabel("Message").fill("On its way.");
                await alice.sms.getByRole("button", {name: "Send", exact: true}).tap();
                await alice.sms.getByRole("log").getByText("On its way.").waitFor();
                await fits("sms");
                await page.getByRole("button", {name: "Shortcuts"}).tap();
                await fits("shortcuts");
                await page.getByRole("dialog").getByRole("button", {name: "Close"}).tap();
                await alice.call.getByRole("button", {name: "Hang up"}).tap();
                await alice.hasState("Released", alice.ended);
                assert.deepEqual(complaints, []);
            } finally {
                await context.close();
                await server.stop();
            }
        });
    }

    test("screens of every width have room for all of it", async () => {
        const server = await startServer();
        const context = await newContext(browser, PHONE);
        const {page} = await newPage(context);
        try {
            const alice = new Desk(page, "alice");
            const fits = async (what) => {
                for (const [width, height] of [[320, 568], [360, 740], [600, 900], [844, 390], [860, 600], [1180, 820]]) {
                    await page.setViewportSize({width, height});
                    assert.deepEqual(await unreachable(page), [], `${what}, ${width}`);
                    assert.deepEqual(await flaws(page), [], `${what}, ${width}`);
                }
            };
            await page.goto(`${server.url}/`);
            await page.getByRole("heading", {name: "Or do it from a shell"}).waitFor();
            await fits("welcome");
            await page.goto(`${server.url}/desk/?agents=alice`);
            await alice.isLive();
            await server.outside("calls", {to: "15000", from: "+15550100", userData: {Reason: "Delivery"}});
            await alice.hasState("Ringing");
            assert.equal(await page.title(), "(1) Alice \u00b7 Encke desk");
            await fits("one desk, and a choice of another");
            await alice.press("Answer");
            await alice.hasState("Established");
            assert.equal(await page.title(), "Alice \u00b7 Encke desk");
            await fits("in a call");
        } finally {
            await context.close();
            await server.stop();
        }
    });

    test("a wider screen that is touched has the same targets", async () => {
        const server = await startServer();
        const context = await newContext(browser, {viewport: {width: 1024, height: 768}, hasTouch: true, isMobile: true});
        const {page} = await newPage(context);
        try {
            const [alice, bob] = ["alice", "bob"].map((user) => new Desk(page, user));
            await page.goto(`${server.url}/desk/?agents=alice,bob`);
            await bob.isLive();
            await alice.root.getByRole("button", {name: "Call Bob"}).tap();
            await bob.call.getByRole("button", {name: "Answer"}).tap();
            await alice.hasState("Established");
            await page.getByRole("button", {name: "Outside"}).tap();
            await page.getByRole("complementary", {name: "Outside world"}).waitFor();
            assert.deepEqual(await unreachable(page), []);
            await page.getByRole("button", {name: "Outside"}).tap();
            assert.deepEqual(await unreachable(page), []);
        } finally {
            await context.close();
            await server.stop();
        }
    });
});
