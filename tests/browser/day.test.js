/**
 * A day at three desks, each in a browser and on a line of its own: what happens to one is seen on its desk, on the desks of all who
 * have the call, and on nobody else's; and a network that was lost costs nothing.
 */
import assert from "node:assert/strict";
import {after, before, describe, test} from "node:test";
import {eventually, launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";
import {Site} from "./site.js";

const CUSTOMER = "+15550100";

describe("a day at three desks", () => {
    let server;
    let browser;
    /** @type {Record<string, Awaited<ReturnType<typeof sitDown>>>} */
    const seats = {};

    before(async () => {
        [browser, server] = await Promise.all([launch(), startServer()]);
        for (const user of ["alice", "bob", "carol"]) {
            seats[user] = await sitDown(user);
        }
    });

    after(async () => {
        await browser?.close();
        await Promise.all(Object.values(seats).map(({line}) => line.close()));
        await server?.stop();
    });

    async function sitDown(user) {
        const line = await Site.before(server.url);
        const {page, complaints} = await newPage(await newContext(browser));
        await page.goto(`${line.url}/desk/?agents=${user}`);
        const desk = new Desk(page, user);
        await desk.isLive();
        return {line, page, complaints, desk};
    }

    test("every step is seen by whom it concerns, once and in order", {timeout: 240_000}, async (day) => {
        const [alice, bob, carol] = ["alice", "bob", "carol"].map((user) => seats[user].desk);
        const all = [alice, bob, carol];
        let isBroken = false;
        const step = (what, work) => day.test(what, {skip: isBroken && "a step before it failed"}, async () => {
            isBroken = true;
            await work();
            for (const {complaints} of Object.values(seats)) {
                // The browser writes down by itself that the network was gone.
                assert.deepEqual(complaints.filter((complaint) => !/net::ERR_/.test(complaint)), []);
            }
            isBroken = false;
        });
        const has = async (desk, calls) => assert.equal(await desk.call.count(), calls, "live calls on the desk");
        const inbound = (desk) => desk.call.filter({hasText: "Inbound"});
        const consultation = (desk) => desk.call.filter({hasText: "Consult"});
        const withWhom = (card, ...names) => card.getByRole("heading", {name: names.join(", "), exact: true, level: 3}).waitFor();
        const hasPairs = async (desk, pairs, card = desk.call) =>
            eventually(`pairs ${JSON.stringify(pairs)}`, async () => JSON.stringify(await desk.pairs(card)) === JSON.stringify(pairs));
        let id = "";

        await step("they log in and are ready", async () => {
            for (const desk of all) {
                await desk.is("Offline");
                await desk.state.selectOption({label: "Ready"});
                await desk.is("Ready");
                await desk.root.getByText("All quiet.").waitFor();
            }
        });

        await step("a customer calls Alice", async () => {
            ({id} = await server.outside("calls", {to: "15000", from: CUSTOMER, userData: {Reason: "Delivery"}}));
            await alice.hasState("Ringing");
            await withWhom(alice.call, CUSTOMER);
            await hasPairs(alice, [["Reason", "Delivery"]]);
            await has(bob, 0);
            await has(carol, 0);
        });

        await step("she answers and attaches the account", async () => {
            await alice.press("Answer");
            await alice.hasState("Established");
            await alice.put("Attach", "AccountNumber", "12345");
            await alice.shows("AccountNumber", "12345", "added");
            await has(bob, 0);
            await has(carol, 0);
        });

        await step("she asks Bob, who sees what she knows", async () => {
            await alice.press("Transfer or add");
            await alice.call.getByLabel("Number of somebody else").fill("15001");
            await alice.press("Ask, then transfer");
            await bob.hasState("Ringing");
            await alice.hasState("Held", inbound(alice));
            await alice.hasState("Dialing", consultation(alice));
            await withWhom(bob.call, "Alice");
            await hasPairs(bob, [["Reason", "Delivery"], ["AccountNumber", "12345"]]);
            await bob.press("Answer");
            await bob.hasState("Established");
            await alice.hasState("Established", consultation(alice));
            await has(carol, 0);
        });

        await step("and hands the customer over to him", async () => {
            await alice.press("Complete transfer", consultation(alice));
            await eventually("both calls of Alice have ended", async () => await alice.ended.count() === 2 && await alice.call.count() === 0);
            await withWhom(inbound(bob), CUSTOMER);
            await bob.hasState("Established", inbound(bob));
            await eventually("one call at Bob's", async () => await bob.call.count() === 1);
            await hasPairs(bob, [["Reason", "Delivery"], ["AccountNumber", "12345"]]);
            await has(carol, 0);
        });

        await step("Bob asks Carol and makes it a conference", async () => {
            await bob.press("Transfer or add");
            await bob.call.getByLabel("Number of somebody else").fill("15002");
            await bob.press("Ask, then add");
            await carol.hasState("Ringing");
            await carol.press("Answer");
            await bob.hasState("Established", consultation(bob));
            await bob.press("Complete conference", consultation(bob));
            await withWhom(inbound(carol), CUSTOMER, "Bob");
            await withWhom(inbound(bob), CUSTOMER, "Carol");
            for (const desk of [bob, carol]) {
                await desk.hasState("Established", inbound(desk));
                await eventually("one live call", async () => await desk.call.count() === 1);
                await hasPairs(desk, [["Reason", "Delivery"], ["AccountNumber", "12345"]]);
            }
            await has(alice, 0);
        });

        await step("Erin, who supervises and is not on the call, changes its data", async () => {
            await server.asAgent("erin", `/api/v2/calls/${id}`, {operationName: "UpdateUserData", userData: {AccountNumber: "777"}});
            for (const desk of [bob, carol]) {
                await desk.shows("AccountNumber", "777", "changed");
            }
            assert.equal(await alice.root.locator(".pair-value", {hasText: /^777$/}).count(), 0, "Alice has left the call");
            await screenshot(seats.carol.page, "day-conference");
        });

        await step("a customer writes to Alice, and they talk", async () => {
            const {id: sms} = await server.outside("smssessions", {to: "alice", from: "+15550123", nickname: "Johanna", text: "one"});
            seats.alice.sms = sms;
            await alice.hasState("Invited", alice.sms);
            await alice.press("Accept", alice.sms);
            await alice.hasState("Chatting", alice.sms);
            await alice.sms.getByLabel("Message").fill("two");
            await alice.press("Send", alice.sms);
            await eventually("both texts", async () => (await alice.texts()).join() === "one,two");
            for (const desk of [bob, carol]) {
                assert.equal(await desk.sms.count(), 0);
            }
        });

        await step("an e-mail comes for Alice, who looks into it and gives it to Carol", async () => {
            const {id: email} = await server.outside("interactions", {
                medium: "email", to: "alice", from: "noor@example.com", address: "help@example.com", subject: "Order 4711", text: "Its lid is not here.",
            });
            seats.carol.email = email;
            const card = alice.of("email");
            await alice.hasState("Invited", card);
            await withWhom(card, "Order 4711");
            await card.getByText("noor@example.com").waitFor();
            await alice.press("Accept", card);
            await alice.hasState("Processing", card);
            await alice.put("Attach", "Missing", "lid", {card});
            await alice.shows("Missing", "lid", "added", card);
            await alice.press("Transfer", card);
            await card.getByLabel("Name of a colleague").fill("carol");
            await alice.press("Transfer to", card);
            await eventually("the e-mail has left Alice", async () => await card.count() === 0);
            await carol.hasState("Invited", carol.of("email"));
            await carol.press("Accept", carol.of("email"));
            await carol.hasState("Processing", carol.of("email"));
            await carol.of("email").getByText("Its lid is not here.").waitFor();
            await hasPairs(carol, [["Missing", "lid"]], carol.of("email"));
            assert.equal(await bob.of("email").count(), 0);
        });

        await step("the network of Alice and Carol goes, while others go on", async () => {
            for (const user of ["alice", "carol"]) {
                seats[user].line.down();
                await seats[user].desk.root.locator('.pill[data-status="reconnecting"]').waitFor();
            }
            for (let number = 0; number < 10; number += 1) {
                await server.asAgent(number % 2 === 0 ? "bob" : "erin", `/api/v2${number % 2 === 0 ? "/me" : ""}/calls/${id}`, {
                    operationName: "UpdateUserData", userData: {Sequence: number},
                });
                await server.outside(`smssessions/${seats.alice.sms}`, {operationName: "SendMessage", text: `away ${number}`});
            }
            await server.asAgent("erin", `/api/v2/emails/${seats.carol.email}`, {operationName: "UpdateUserData", userData: {Missing: "lid and spoon"}});
            await bob.put("Update", "AccountNumber", "888");
            await bob.shows("AccountNumber", "888", "changed");
            await bob.shows("Sequence", "9");
            assert.deepEqual(await alice.texts(), ["one", "two"]);
            await carol.shows("AccountNumber", "777");
            await carol.shows("Missing", "lid", undefined, carol.of("email"));
            assert.equal(await carol.root.getByText("Sequence").count(), 0);
        });

        await step("it comes back, and nothing was lost or came twice", async () => {
            for (const user of ["alice", "carol"]) {
                seats[user].line.up();
                await seats[user].desk.isLive();
            }
            const texts = ["one", "two", ...Array.from({length: 10}, (_, number) => `away ${number}`)];
            await eventually("all texts", async () => (await alice.texts()).length >= texts.length);
            assert.deepEqual(await alice.texts(), texts);
            // The conversation shows each text once whatever comes; the log shows what came.
            const written = (await alice.notifications("NewMessages")).flatMap(({messages}) => messages).filter(({type}) => type === "Text");
            assert.deepEqual(written.map(({text}) => text), texts);
            for (const desk of [bob, carol]) {
                await desk.shows("AccountNumber", "888");
                await hasPairs(desk, [["Reason", "Delivery"], ["AccountNumber", "888"], ["Sequence", "9"]]);
                const told = (await desk.notifications("AttachedDataChanged")).map(({call}) => [call.userData.AccountNumber, call.userData.Sequence]);
                assert.deepEqual(told, [["777", undefined], ...Array.from({length: 10}, (_, number) => ["777", number]), ["888", 9]]);
                assert.equal(await desk.root.getByText("events missed").count(), 0);
            }
            await hasPairs(carol, [["Missing", "lid and spoon"]], carol.of("email"));
            const told = (await carol.notifications("PropertiesUpdated")).map(({email}) => email.userData.Missing);
            assert.deepEqual(told, ["lid and spoon"], "once");
            assert.equal((await alice.notifications("AttachedDataChanged")).length, 1, "her own, while she was on the call");
            await screenshot(seats.alice.page, "day-back");
        });

        await step("Alice goes on with the customer and completes", async () => {
            await alice.sms.getByLabel("Message").fill("last");
            await alice.press("Send", alice.sms);
            await alice.sms.getByRole("log").getByText("last", {exact: true}).waitFor();
            await alice.press("Complete", alice.sms);
            const ended = alice.ended.and(alice.root.locator('[data-medium="sms"]'));
            await alice.hasState("Completed", ended);
            assert.deepEqual((await alice.texts(ended)).at(-1), "last");
        });

        await step("Carol asks Bob on a chat the customer thinks is hers alone", async () => {
            const {id: chat} = await server.outside("interactions", {medium: "chat", to: "carol", from: "sam@example.com", nickname: "Sam", text: "hello"});
            await carol.press("Accept", carol.of("chat"));
            await carol.hasState("Chatting", carol.of("chat"));
            await carol.press("Transfer or add", carol.of("chat"));
            await carol.of("chat").getByLabel("Name of a colleague").fill("bob");
            await carol.press("Ask, unseen by the customer", carol.of("chat"));
            await bob.press("Accept", bob.of("chat"));
            await bob.hasState("Chatting", bob.of("chat"));
            await server.outside(`interactions/${chat}`, {operationName: "SendStartTypingNotification"});
            for (const desk of [bob, carol]) {
                await desk.of("chat").getByText("Sam is writing").waitFor();
            }
            await server.outside(`interactions/${chat}`, {operationName: "SendMessage", text: "still there?"});
            await bob.of("chat").getByLabel("Message").fill("say yes");
            await bob.press("Send", bob.of("chat"));
            for (const desk of [bob, carol]) {
                await eventually("the conversation", async () => (await desk.texts(desk.of("chat"))).join() === "hello,still there?,say yes");
                assert.equal(await desk.of("chat").getByText("Sam is writing").isVisible(), false);
            }
            assert.equal(await alice.of("chat").count(), 0);
            await screenshot(seats.carol.page, "day-media");
            for (const desk of [bob, carol]) {
                await desk.press("Complete", desk.of("chat"));
                await eventually("no chat", async () => await desk.of("chat").count() === 0);
            }
            await carol.press("Complete", carol.of("email"));
            await eventually("no e-mail", async () => await carol.of("email").count() === 0);
        });

        await step("Bob leaves the conference, and the customer hangs up on Carol", async () => {
            await bob.press("Hang up");
            await eventually("nothing at Bob's", async () => await bob.call.count() === 0);
            await withWhom(carol.call, CUSTOMER);
            await carol.hasState("Established");
            await carol.put("Attach", "Result", "solved");
            await carol.shows("Result", "solved", "added");
            assert.equal(await bob.root.getByText("solved").count(), 0, "Bob has left the call");
            await server.outside(`calls/${id}`, {operationName: "Hangup"});
            await eventually("nothing at Carol's", async () => await carol.call.count() === 0);
        });

        await step("they log out, and so has the server it", async () => {
            for (const desk of all) {
                await desk.state.selectOption({label: "Offline"});
                await desk.is("Offline");
                await has(desk, 0);
                assert.equal(await desk.root.locator(".card:not(.ended)").count(), 0);
            }
            for (const user of ["alice", "bob", "carol"]) {
                const {user: seen} = await server.asAgent(user, "/api/v2/me?subresources=*");
                assert.deepEqual([seen.calls ?? [], seen.smsessions ?? [], seen.emails ?? [], seen.chats ?? [], seen.devices.map(({userState}) => userState.state)], [[], [], [], [], ["LoggedOut"]]);
            }
        });
    });
});
