/**
 * Every medium on the desk: begun outside, accepted, worked on, handed to a colleague and completed, by the page alone.
 */
import assert from "node:assert/strict";
import {after, afterEach, before, beforeEach, describe, test} from "node:test";
import {flaws} from "./accessible.js";
import {eventually, launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";
import {unreachable} from "./targets.js";

/** What a card of each medium says, with what the form Outside has in it, and what can be done. */
const MEDIA = [
    {medium: "SMS", key: "sms", title: "Johanna", text: "Hello, is my order on its way?", working: "Chatting", transfers: "Transfer or add"},
    {medium: "Chat", key: "chat", title: "Sam", text: "Hi, I cannot sign in.", working: "Chatting", transfers: "Transfer or add"},
    {medium: "E-mail", key: "email", title: "Order 4711 came without its lid", letter: /the pot is here/, facts: ["From", "To", "Received"], working: "Processing", transfers: "Transfer"},
    {medium: "Work item", key: "workitem", title: "Check invoice 2026-118", facts: ["Received"], working: "Processing", transfers: "Transfer"},
    {medium: "Open media", key: "openmedia", title: "fax", facts: ["Type", "Received"], working: "Processing", transfers: "Transfer"},
    {medium: "Instant messages", key: "im", title: "+15550177", text: "Are you there?", offered: "Alerting", working: "Talking"},
    {medium: "Facebook", key: "facebook", title: "Kim", text: "When do you open?", facts: ["Comment"], working: "Chatting", transfers: "Transfer"},
    {medium: "Twitter", key: "twitter", title: "Twitter", letter: /^Still waiting/, facts: ["Received"], working: "Processing", transfers: "Transfer"},
];

describe("media on the desk", () => {
    let browser;
    let server;
    let context;
    let page;
    let complaints;
    let outside;
    let alice;
    let bob;

    before(async () => {
        [browser, server] = await Promise.all([launch(), startServer()]);
    });

    after(async () => {
        await browser?.close();
        await server?.stop();
    });

    beforeEach(async () => {
        context = await newContext(browser);
        await open();
    });

    afterEach(async () => {
        await context?.close();
    });

    async function open({narrow = false} = {}) {
        ({page, complaints} = await newPage(context));
        await page.goto(`${server.url}/desk/?agents=alice,bob`);
        [alice, bob] = ["alice", "bob"].map((user) => new Desk(page, user));
        await alice.isLive();
        if (!narrow) {
            await bob.isLive();
        }
        outside = page.getByRole("complementary", {name: "Outside world"});
    }

    /** Begins an interaction for Alice, whose card is returned. */
    async function begin(medium, key, offered = "Invited") {
        const form = outside.getByRole("form", {name: "Write in"});
        if (!await form.isVisible()) {
            await outside.getByRole("heading", {name: "Write in"}).click();
        }
        await form.getByLabel("Medium", {exact: true}).selectOption({label: medium});
        await form.getByRole("button", {name: "Send in"}).click();
        await alice.hasState(offered, alice.of(key));
        return alice.of(key);
    }

    async function giveTo(colleague, card, form, way) {
        await alice.press(form, card);
        await card.getByLabel("Name of a colleague").fill(colleague);
        await card.getByRole("form", {name: form}).getByRole("button", {name: way, exact: true}).click();
    }

    for (const {medium, key, title, text, letter, facts = [], offered, working, transfers} of MEDIA) {
        test(`${medium}: accepted, worked on, ${transfers ? "handed over" : "written in"} and completed`, async () => {
            const card = await begin(medium, key, offered);
            await card.getByRole("heading", {name: title, exact: true}).waitFor();
            await alice.press("Accept", card);
            await alice.hasState(working, card);
            assert.deepEqual(await card.locator(".facts dt").allInnerTexts(), facts);
            if (letter) {
                assert.match(await card.locator(".letter").innerText(), letter);
            }
            if (text) {
                await card.getByLabel("Message").fill("Let me see.");
                await alice.press("Send", card);
                await eventually("the conversation", async () => (await alice.texts(card)).join("|") === `${text}|Let me see.`);
            }

            await alice.put("Attach", "Order", "4711", {card});
            await alice.shows("Order", "4711", "added", card);
            await alice.put("Attach", "Lines", "2", {card, json: true});
            await alice.shows("Lines", "2", "added", card);
            await alice.edit("Order", "4712", card);
            await alice.shows("Order", "4712", "changed", card);
            await alice.press("Delete Lines", card);
            await alice.showsRemoved("Lines", card);
            assert.deepEqual(await flaws(page), []);
            await screenshot(page, `media-${key}`);

            let last = alice;
            if (transfers) {
                await giveTo("bob", card, transfers, transfers === "Transfer" ? "Transfer to" : "Transfer");
                await alice.hasState("Completed", alice.ended);
                last = bob;
                await bob.hasState("Invited", bob.of(key));
                await bob.shows("Order", "4712", undefined, bob.of(key));
                await bob.press("Accept", bob.of(key));
                await bob.hasState(working, bob.of(key));
                if (text) {
                    await eventually("the history", async () => (await bob.texts(bob.of(key))).join("|") === `${text}|Let me see.`);
                    await outside.getByLabel(`Message from ${title}`).fill("Still here.");
                    await outside.locator(`.parties [data-medium="${key}"]`).getByRole("button", {name: "Send", exact: true}).click();
                    await bob.of(key).getByRole("log").getByText("Still here.").waitFor();
                }
            }
            await last.press("Delete all", last.of(key));
            await eventually("no pair left", async () => (await last.pairs(last.of(key))).length === 0);
            await last.press("Complete", last.of(key));
            await last.hasState("Completed", last.ended);
            await eventually("nobody waits outside", async () => await outside.locator(`.parties [data-medium="${key}"]`).count() === 0);
            assert.deepEqual(complaints, []);
        });
    }

    test("a chat has links, somebody who is writing, a colleague the customer does not see, and one who joins", async () => {
        const card = await begin("Chat", "chat");
        await alice.press("Accept", card);
        await alice.hasState("Chatting", card);
        const party = outside.locator('.parties [data-medium="chat"]');
        const message = party.getByLabel("Message from Sam");
        await message.fill("Well");
        await card.getByText("Sam is writing\u2026").waitFor();
        await message.fill("");
        await card.getByText("Sam is writing\u2026").waitFor({state: "hidden"});
        await message.fill("https://example.com/order/4711");
        await card.getByText("Sam is writing\u2026").waitFor();
        await party.getByRole("button", {name: "Send", exact: true}).click();
        await card.getByRole("link", {name: "https://example.com/order/4711"}).waitFor();
        await card.getByText("Sam is writing\u2026").waitFor({state: "hidden"});
        await alice.press("Link", card);
        await card.getByLabel("Address of a page").fill("https://example.com/help");
        await alice.press("Send link", card);
        await card.getByRole("link", {name: "https://example.com/help"}).waitFor();

        await giveTo("bob", card, "Transfer or add", "Ask, unseen by the customer");
        await bob.press("Accept", bob.of("chat"));
        await bob.hasState("Chatting", bob.of("chat"));
        await bob.of("chat").getByLabel("Message").fill("Refund it.");
        await card.getByText("Bob Brown is writing\u2026").waitFor();
        await bob.press("Send", bob.of("chat"));
        const said = card.locator(".transcript li", {hasText: "Refund it."});
        await said.getByText("Bob Brown, unseen by the customer").waitFor();
        assert.deepEqual(await flaws(page), []);
        await screenshot(page, "media-consult");
        await bob.press("Complete", bob.of("chat"));
        await bob.hasState("Completed", bob.ended);

        await giveTo("bob", card, "Transfer or add", "Add");
        await bob.press("Accept", bob.of("chat"));
        await bob.hasState("Chatting", bob.of("chat"));
        await card.getByText(/^Bob Brown (joined|came back)$/).waitFor();
        await bob.press("Leave", bob.of("chat"));
        await bob.hasState("Completed", bob.ended);

        await alice.press("Disposition", card);
        await card.getByLabel("How it ended").fill("Refunded");
        await alice.press("Set disposition", card);
        await card.getByRole("cell", {name: "Refunded"}).waitFor();
        await card.getByLabel("How it ended").waitFor({state: "hidden"});
        await alice.press("Leave", card);
        await alice.hasState("LeftChat", card);
        assert.equal(await card.getByLabel("Message").isVisible(), false);
        await alice.press("Complete", card);
        await alice.hasState("Completed", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("a work item goes into the workbin and comes back, over a reload", async () => {
        const card = await begin("Work item", "workitem");
        await alice.press("Accept", card);
        await alice.press("To the workbin", card);
        await alice.hasState("InWorkbin", card);
        await page.reload();
        await alice.isLive();
        await alice.press("Take from workbin", card);
        await alice.hasState("Processing", card);
        await alice.press("Complete", card);
        await alice.hasState("Completed", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("what nobody accepted is taken back, and what is turned down goes back to whoever gave it", async () => {
        await begin("E-mail", "email");
        await outside.getByRole("button", {name: /^Take back: / }).click();
        await alice.hasState("Revoked", alice.ended);

        const card = await begin("E-mail", "email");
        await alice.press("Accept", card);
        await alice.hasState("Processing", card);
        await giveTo("bob", card, "Transfer", "Transfer to");
        await bob.hasState("Invited", bob.of("email"));
        await bob.press("Reject", bob.of("email"));
        await alice.hasState("Invited", card);
        await alice.press("Accept", card);
        await alice.press("Complete", card);
        await eventually("nothing left", async () => await card.count() === 0);
        assert.deepEqual(complaints, []);
    });

    test("a colleague who is not there is refused where he was asked for", async () => {
        const card = await begin("E-mail", "email");
        await alice.press("Accept", card);
        await alice.hasState("Processing", card);
        await giveTo("nobody", card, "Transfer", "Transfer to");
        await card.getByRole("form", {name: "Transfer"}).getByRole("alert").waitFor();
        assert.equal(await card.getByLabel("Name of a colleague").inputValue(), "nobody");
        await alice.press("Complete", card);
        await eventually("nothing left", async () => await card.count() === 0);
    });

    test("a phone has room for all of it", async () => {
        await context.close();
        context = await newContext(browser, {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true});
        await open({narrow: true});
        const tab = (name) => page.getByRole("navigation", {name: "Parts of the page"}).getByRole("button", {name}).tap();
        for (const [medium, key] of [["E-mail", "email"], ["Chat", "chat"]]) {
            await tab("Outside");
            const form = outside.getByRole("form", {name: "Write in"});
            if (!await form.isVisible()) {
                await outside.getByRole("heading", {name: "Write in"}).tap();
            }
            await form.getByLabel("Medium", {exact: true}).selectOption({label: medium});
            assert.deepEqual(await unreachable(page), [], medium);
            await screenshot(page, `phone-outside-${key}`);
            await form.getByRole("button", {name: "Send in"}).tap();
            await outside.locator(`.parties [data-medium="${key}"]`).waitFor();
            await tab("Alice");
            const card = alice.of(key);
            await card.getByRole("button", {name: "Accept"}).tap();
            for (const opens of ["Disposition", /^Transfer/]) {
                await card.getByRole("button", {name: opens}).first().tap();
            }
            assert.deepEqual(await unreachable(page), [], medium);
            await screenshot(page, `phone-media-${key}`);
        }
        assert.deepEqual(complaints, []);
    });
});
