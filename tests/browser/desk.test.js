/**
 * The agent desk in a real browser, driven by clicks, against the real server.
 */
import assert from "node:assert/strict";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, afterEach, before, beforeEach, describe, test} from "node:test";
import {flaws} from "./accessible.js";
import {eventually, launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";

describe("desk", () => {
    let server;
    let browser;
    let context;
    let page;
    let complaints;

    before(async () => {
        browser = await launch();
    });

    after(async () => {
        await browser?.close();
    });

    // A server for each test: a call that one test leaves behind must not ring in the next.
    beforeEach(async () => {
        server = await startServer();
        context = await newContext(browser);
        ({page, complaints} = await newPage(context));
    });

    afterEach(async () => {
        await context?.close();
        await server?.stop();
    });

    /** @returns {Promise<Desk[]>} */
    async function open(...users) {
        await page.goto(`${server.url}/desk/?agents=${users.join(",")}`);
        const desks = users.map((user) => new Desk(page, user));
        for (const desk of desks) {
            await desk.isLive();
        }
        return desks;
    }

    test("welcome page opens two desks side by side", async () => {
        await page.goto(`${server.url}/`);
        assert.deepEqual(await flaws(page), []);
        await screenshot(page, "desk-welcome");
        await page.getByRole("button", {name: "Open Alice and Bob side by side"}).click();
        await new Desk(page, "alice").isLive();
        await new Desk(page, "bob").isLive();
        assert.equal(new URL(page.url()).search, "?agents=alice,bob");
        assert.deepEqual(complaints, []);
    });

    test("user data of a call lights up on both desks as it changes", async () => {
        const [alice, bob] = await open("alice", "bob");
        await alice.dial("15001");
        await alice.hasState("Dialing");
        await bob.hasState("Ringing");
        await screenshot(page, "desk-ringing");
        await bob.press("Answer");
        await alice.hasState("Established");
        await bob.hasState("Established");

        await alice.put("Attach", "AccountNumber", "12345");
        for (const desk of [alice, bob]) {
            await desk.shows("AccountNumber", "12345", "added");
        }
        await screenshot(page, "desk-attached");

        await bob.edit("AccountNumber", "12345678");
        for (const desk of [alice, bob]) {
            await desk.shows("AccountNumber", "12345678", "changed");
        }
        await bob.put("Update", "CustomerSegment", "Platinum");
        await alice.put("Attach", "Balance", "1250.75", {json: true});
        await alice.put("Attach", "Card", '{"holder":"James","valid":true}', {json: true});
        for (const desk of [alice, bob]) {
            await desk.shows("CustomerSegment", "Platinum");
            await desk.shows("Balance", "1250.75");
            await desk.shows("Card", '{"holder":"James","valid":true}', "added");
            await eventually("all pairs in order", async () =>
                (await desk.pairs()).map(([key]) => key).join() === "AccountNumber,CustomerSegment,Balance,Card");
        }
        assert.deepEqual(await flaws(page), []);

        await alice.press("Delete CustomerSegment");
        for (const desk of [alice, bob]) {
            await desk.showsRemoved("CustomerSegment");
        }
        await screenshot(page, "desk-removed");
        await bob.press("Delete all");
        for (const desk of [alice, bob]) {
            await eventually("no pair left", async () => (await desk.pairs()).length === 0);
            await desk.call.getByText("Nothing attached yet.").waitFor();
        }

        await alice.press("Hang up");
        for (const desk of [alice, bob]) {
            await desk.hasState("Released", desk.ended);
            assert.equal(await desk.ended.getByRole("button", {name: "Hang up"}).count(), 0);
            await desk.ended.getByRole("button", {name: "Clear from the desk"}).click();
            await desk.root.getByText("All quiet.").waitFor();
        }
        assert.deepEqual(complaints, []);
    });

    test("call is held, retrieved and hung up", async () => {
        const [alice, bob] = await open("alice", "bob");
        await alice.dial("15001");
        await bob.press("Answer");
        await alice.hasState("Established");
        await alice.press("Hold");
        await alice.hasState("Held");
        assert.equal(await alice.call.getByRole("button", {name: "Hold"}).count(), 0);
        await screenshot(page, "desk-held");
        await alice.press("Retrieve");
        await alice.hasState("Established");
        await alice.press("Keypad");
        await alice.press("Send tone 5");
        await bob.press("Hang up");
        await alice.hasState("Released", alice.ended);
        await bob.hasState("Released", bob.ended);
        assert.deepEqual(complaints, []);
    });

    test("Bob asks Carol and transfers Alice to her", async () => {
        const [alice, bob] = await open("alice", "bob");
        const carolsPage = await newPage(context);
        await carolsPage.page.goto(`${server.url}/desk/?agents=carol`);
        const carol = new Desk(carolsPage.page, "carol");
        await carol.isLive();
        await alice.dial("15001");
        await bob.press("Answer");
        await alice.put("Attach", "AccountNumber", "12345");
        await bob.press("Mute");
        await bob.call.getByRole("button", {name: "Unmute"}).waitFor();
        await bob.press("Unmute");

        await bob.press("Transfer or add");
        await bob.call.getByLabel("Number of somebody else").fill("15002");
        assert.deepEqual(await flaws(page), []);
        await bob.press("Ask, then transfer");
        const first = bob.call.filter({hasText: "Internal"});
        const consultation = bob.call.filter({hasText: "Consult"});
        await bob.hasState("Held", first);
        await bob.hasState("Dialing", consultation);
        await carol.hasState("Ringing");
        await carol.shows("AccountNumber", "12345");
        await carol.press("Answer");
        await bob.hasState("Established", consultation);
        assert.deepEqual(await flaws(page), []);
        await page.getByText("Nobody on the line.").waitFor();
        await screenshot(page, "desk-consultation");
        await bob.press("Swap calls", first);
        await bob.hasState("Established", first);
        await bob.hasState("Held", consultation);

        await bob.press("Complete transfer", consultation);
        await eventually("both calls of Bob have ended", async () => await bob.ended.count() === 2 && await bob.call.count() === 0);
        await alice.call.getByRole("heading", {name: "Carol"}).waitFor();
        const transferred = carol.call.filter({hasText: "Internal"});
        await carol.hasState("Established", transferred);
        await transferred.getByRole("heading", {name: "Alice"}).waitFor();
        await alice.put("Update", "AccountNumber", "999");
        await carol.shows("AccountNumber", "999", "changed", transferred);
        assert.equal(await bob.root.locator(".pair-value", {hasText: /^999$/}).count(), 0, "Bob has left");

        await alice.press("Transfer or add");
        await alice.call.getByLabel("Number of somebody else").fill("15001");
        await alice.press("Add now");
        await bob.hasState("Ringing");
        await bob.press("Answer");
        await alice.press("Remove Carol");
        await carol.hasState("Released", carol.ended.filter({hasText: "Internal"}));
        await alice.press("Hang up");
        await bob.hasState("Released", bob.ended.filter({hasText: "Internal"}));
        assert.deepEqual(complaints, []);
        assert.deepEqual(carolsPage.complaints, []);
    });

    test("agent logs in, is ready or not, and the switch is the same on every desk of hers", async () => {
        const [alice, bob] = await open("alice", "bob");
        await alice.is("Offline");
        await alice.state.selectOption({label: "Ready"});
        await alice.is("Ready");
        await screenshot(page, "desk-ready");
        assert.deepEqual(await flaws(page), []);
        const second = await newPage(context);
        await second.page.goto(`${server.url}/desk/?agents=alice`);
        const other = new Desk(second.page, "alice");
        await other.isLive();
        await other.is("Ready");
        await other.state.selectOption({label: "After call work"});
        await alice.is("AfterCallWork");
        assert.equal(await alice.state.inputValue(), "AfterCallWork");
        await alice.state.selectOption({label: "Not ready"});
        await other.is("NotReady");
        await bob.is("Offline");
        await bob.dial("15000");
        await alice.hasState("Ringing");

        await page.reload();
        await alice.isLive();
        await alice.is("NotReady");
        await alice.state.selectOption({label: "Offline"});
        await other.is("Offline");
        await alice.is("Offline");
        assert.deepEqual([complaints, second.complaints], [[], []]);
    });

    test("a switch that is refused goes back to what is so", async () => {
        const [alice] = await open("alice");
        await page.route("**/api/v2/me", (route) => route.fulfill({
            status: 503, json: {statusCode: 4, statusMessage: "changes cannot be stored at the moment"},
        }));
        await alice.state.selectOption({label: "Ready"});
        await alice.root.getByText("changes cannot be stored at the moment (status 4)").waitFor();
        assert.equal(await alice.state.inputValue(), "Offline");
    });

    test("a call that nobody answers is told where it was dialled", async () => {
        await server.stop();
        const folder = await mkdtemp(join(tmpdir(), "encke-"));
        try {
            const config = join(folder, "encke.toml");
            await writeFile(config, "[calls]\nno_answer_ms = 4000\n");
            server = await startServer({config});
            const [alice, bob] = await open("alice", "bob");
            await alice.dial("15001");
            await bob.hasState("Ringing");
            await alice.hasState("Released", alice.ended);
            await alice.root.getByRole("alert").getByText("15001 did not answer").waitFor();
            assert.equal(await bob.root.getByText("did not answer").count(), 0, "Bob asked for nothing");
            await alice.dial("15001");
            await alice.hasState("Dialing");
            assert.equal(await alice.root.getByText("15001 did not answer").count(), 0);
            assert.deepEqual(complaints, []);
        } finally {
            await rm(folder, {recursive: true});
        }
    });

    test("outside world calls in, a third party changes data, the customer hangs up", async () => {
        const [alice] = await open("alice");
        const outside = page.getByRole("complementary", {name: "Outside world"});
        const callIn = outside.getByRole("form", {name: "Call in"});
        await callIn.getByLabel("Key").fill("Reason");
        await callIn.getByLabel("Value").fill("Delivery");
        await callIn.getByRole("button", {name: "Place call"}).click();
        await alice.hasState("Ringing");
        await alice.shows("Reason", "Delivery");
        await alice.call.getByRole("heading", {name: "+15550100"}).waitFor();
        await alice.press("Answer");
        await alice.hasState("Established");

        await outside.getByRole("heading", {name: "Third party"}).click();
        const thirdParty = outside.getByRole("form", {name: "Third party"});
        await thirdParty.getByLabel("Key").fill("Routed");
        await thirdParty.getByLabel("Value").fill("by strategy");
        await thirdParty.getByRole("button", {name: "Change data"}).click();
        await alice.shows("Routed", "by strategy", "added");
        await screenshot(page, "desk-outside");

        await outside.getByRole("button", {name: "Hang up: +15550100"}).click();
        await alice.hasState("Released", alice.ended);
        await outside.getByText("Nobody on the line.").waitFor();
        assert.deepEqual(complaints, []);
    });

    test("outbound call is answered by the outside party", async () => {
        const [alice] = await open("alice");
        await alice.dial("+15550177");
        await alice.hasState("Dialing");
        await page.getByRole("button", {name: "Answer: +15550177"}).click();
        await alice.hasState("Established");
        await alice.press("Hang up");
        await alice.hasState("Released", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("SMS from outside is accepted, answered, given user data and completed", async () => {
        const [alice] = await open("alice");
        const outside = page.getByRole("complementary", {name: "Outside world"});
        await outside.getByRole("heading", {name: "Write in"}).click();
        await outside.getByRole("form", {name: "Write in"}).getByRole("button", {name: "Send in"}).click();
        await alice.hasState("Invited", alice.sms);
        await alice.press("Accept", alice.sms);
        await alice.hasState("Chatting", alice.sms);
        const conversation = alice.sms.getByRole("log", {name: "Conversation"});
        await conversation.getByText("Hello, is my order on its way?").waitFor();

        await alice.sms.getByLabel("Message").fill("It left our warehouse this morning.");
        await alice.press("Send", alice.sms);
        await conversation.getByText("It left our warehouse this morning.").waitFor();
        await outside.getByLabel("Message from Johanna").fill("Thank you!");
        await outside.getByRole("button", {name: "Send", exact: true}).click();
        await conversation.getByText("Thank you!").waitFor();

        await alice.put("Attach", "UserData1", "DATA1", {card: alice.sms});
        await alice.shows("UserData1", "DATA1", "added", alice.sms);
        await alice.put("Attach", "UserData2", "123456789", {card: alice.sms, json: true});
        await alice.shows("UserData2", "123456789", "added", alice.sms);
        await alice.sms.locator('tr[data-key="UserData2"] .pair-type', {hasText: "number"}).waitFor();
        assert.deepEqual(await flaws(page), []);
        await screenshot(page, "desk-sms");
        await alice.press("Delete UserData1", alice.sms);
        await alice.showsRemoved("UserData1", alice.sms);
        await alice.press("Delete all", alice.sms);
        await eventually("no pair left", async () => (await alice.pairs(alice.sms)).length === 0);

        await alice.press("Complete", alice.sms);
        await alice.hasState("Completed", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("refusal is shown where it was asked for", async () => {
        const [alice] = await open("alice");
        await alice.dial("15000");
        await alice.root.getByRole("alert").filter({hasText: "status"}).waitFor();
        // The browser reports the refused request itself; nothing else may be wrong.
        assert.ok(complaints.every((complaint) => complaint.includes("400")), complaints.join("\n"));
    });

    test("what is typed while a request is under way is neither lost nor sent twice", async () => {
        const [alice] = await open("alice");
        const {id} = await server.outside("calls", {to: "15000", from: "+15550104"});
        await alice.hasState("Ringing");
        let release;
        const held = new Promise((resolve) => {
            release = resolve;
        });
        await page.route(`**/api/v2/me/calls/${id}`, async (route) => {
            await held;
            await route.continue();
        });
        await alice.put("Attach", "First", "1");
        await alice.put("Attach", "Second", "2");
        await alice.call.getByLabel("Key", {exact: true}).fill("half typed");
        release();
        await alice.shows("First", "1");
        await alice.shows("Second", "2");
        assert.equal(await alice.call.getByLabel("Key", {exact: true}).inputValue(), "half typed");

        await alice.put("Attach", "Broken", "{oops", {json: true});
        await alice.call.getByRole("alert").waitFor();
        assert.equal(await alice.call.getByLabel("Key", {exact: true}).inputValue(), "Broken");
        assert.equal(await alice.call.getByLabel("Value", {exact: true}).inputValue(), "{oops");
        assert.deepEqual(complaints, []);
    });

    test("wrong user is asked for a password and can be closed", async () => {
        await page.goto(`${server.url}/desk/?agents=mallory`);
        const desk = new Desk(page, "mallory");
        await desk.root.getByLabel("Password").waitFor();
        await desk.root.getByRole("button", {name: "Close the desk of Mallory"}).click();
        await page.getByRole("button", {name: "Open the desk of Alice"}).waitFor();
        assert.ok(complaints.every((complaint) => complaint.includes("403")), complaints.join("\n"));
    });

    test("keyboard alone answers and hangs up a call", async () => {
        const [bob] = await open("bob");
        await server.outside("calls", {to: "15001", from: "+15550101"});
        await bob.hasState("Ringing");
        await page.keyboard.press("?");
        await page.getByRole("dialog", {name: "Keyboard shortcuts"}).waitFor();
        await page.keyboard.press("Escape");
        await page.keyboard.press("a");
        await bob.hasState("Established");
        await page.keyboard.press("u");
        assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Key");
        await page.keyboard.type("Note");
        await page.keyboard.press("Tab");
        await page.keyboard.type("called by keyboard");
        await page.keyboard.press("Enter");
        await bob.shows("Note", "called by keyboard", "added");
        await page.keyboard.press("Tab");
        await page.locator("body").evaluate(() => document.activeElement?.blur());
        await page.keyboard.press("e");
        await bob.hasState("Released", bob.ended);
        assert.deepEqual(complaints, []);
    });

    test("event log shows the raw notification, filters and clears", async () => {
        const [alice] = await open("alice");
        await server.outside("calls", {to: "15000", from: "+15550102"});
        await alice.hasState("Ringing");
        await alice.root.getByText("Event log").click();
        const entries = alice.root.locator(".log-list > li:not([hidden])");
        await alice.root.getByLabel("Filter the events of alice").fill("statuschange");
        await entries.first().locator("summary").click();
        await entries.first().locator("pre", {hasText: '"messageType": "CallStateChangeMessage"'}).waitFor();
        await screenshot(page, "desk-log");
        assert.deepEqual(await flaws(page), []);
        await alice.root.getByRole("button", {name: "Clear", exact: true}).click();
        assert.equal(await entries.count(), 0);
        await alice.press("Answer");
        await alice.press("Hang up");
        await alice.hasState("Released", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("burst of updates arrives whole and in order, and the table ends on the last", async () => {
        const [alice] = await open("alice");
        const {id} = await server.outside("calls", {to: "15000", from: "+15550103"});
        await alice.hasState("Ringing");
        const numbers = Array.from({length: 100}, (_, index) => String(index));
        for (const Sequence of numbers) {
            await server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "UpdateUserData", userData: {Sequence}});
        }
        await alice.shows("Sequence", "99");
        const arrived = await alice.notifications("AttachedDataChanged");
        assert.deepEqual(arrived.map(({call}) => call.userData.Sequence), numbers);
        await alice.press("Answer");
        await alice.press("Hang up");
        await alice.hasState("Released", alice.ended);
        assert.deepEqual(complaints, []);
    });

    test("dark, and narrow as a phone, nothing sticks out and everything can be read", async () => {
        await page.emulateMedia({colorScheme: "dark", reducedMotion: "reduce"});
        const [alice, bob] = await open("alice", "bob");
        await alice.dial("15001");
        await bob.press("Answer");
        await alice.put("Attach", "AccountNumber", "12345");
        await bob.shows("AccountNumber", "12345", "added");
        assert.deepEqual(await flaws(page), []);
        await screenshot(page, "desk-dark");
        await page.setViewportSize({width: 390, height: 844});
        const views = page.getByRole("navigation", {name: "Parts of the page"});
        for (const [part, shown] of [["Alice", alice.root], ["Bob", bob.root], ["Outside", page.locator(".outside")]]) {
            await views.getByRole("button", {name: part}).click();
            await shown.waitFor();
            assert.deepEqual(await flaws(page), []);
            assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
            await screenshot(page, `desk-phone-${part.toLowerCase()}`);
        }
        await views.getByRole("button", {name: "Bob"}).click();
        await bob.press("Hang up");
        await bob.hasState("Released", bob.ended);
        assert.deepEqual(complaints, []);
    });
});
