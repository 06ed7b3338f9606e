/**
 * Several tabs of one user, and what happens to a desk when its tab or its server starts anew.
 */
import assert from "node:assert/strict";
import {mkdtemp, rm} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, describe, test} from "node:test";
import {launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";

describe("tabs", () => {
    let browser;
    let data;

    before(async () => {
        browser = await launch();
        data = await mkdtemp(join(tmpdir(), "encke-tabs-"));
    });

    after(async () => {
        await browser?.close();
        await rm(data, {recursive: true, force: true});
    });

    test("both tabs of a user receive, and a reloaded one recovers", async () => {
        const server = await startServer();
        try {
            const context = await newContext(browser);
            const tabs = await Promise.all([newPage(context), newPage(context)]);
            const desks = [];
            for (const {page} of tabs) {
                await page.goto(`${server.url}/desk/?agents=alice`);
                const desk = new Desk(page, "alice");
                await desk.isLive();
                desks.push(desk);
            }
            const {id} = await server.outside("calls", {to: "15000", from: "+15550100"});
            for (const desk of desks) {
                await desk.hasState("Ringing");
            }
            await desks[0].press("Answer");
            await desks[1].hasState("Established");
            await desks[1].put("Attach", "AccountNumber", "12345");
            for (const desk of desks) {
                await desk.shows("AccountNumber", "12345", "added");
            }

            await tabs[0].page.reload();
            await desks[0].isLive();
            await desks[0].hasState("Established");
            await desks[0].shows("AccountNumber", "12345");
            await server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "UpdateUserData", userData: {AccountNumber: "777"}});
            for (const desk of desks) {
                await desk.shows("AccountNumber", "777", "changed");
            }

            await tabs[0].page.close();
            await server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "DeleteUserDataPair", key: "AccountNumber"});
            await desks[1].showsRemoved("AccountNumber");
            for (const {complaints} of tabs) {
                assert.deepEqual(complaints, []);
            }
            await context.close();
        } finally {
            await server.stop();
        }
    });

    test("desk comes back by itself after the server was killed and started again", async () => {
        let server = await startServer({data});
        const {address} = server;
        try {
            const context = await newContext(browser);
            const {page} = await newPage(context);
            await page.goto(`${server.url}/desk/?agents=alice`);
            const desk = new Desk(page, "alice");
            await desk.isLive();
            const {id} = await server.outside("calls", {to: "15000", from: "+15550100"});
            await desk.press("Answer");
            await desk.put("Attach", "AccountNumber", "12345");
            await desk.shows("AccountNumber", "12345");

            await server.stop("SIGKILL");
            await desk.root.locator('.pill[data-status="reconnecting"]').waitFor();
            await screenshot(page, "desk-reconnecting");
            server = await startServer({listen: address, data});
            await server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "UpdateUserData", userData: {AccountNumber: "777"}});
            await desk.isLive();
            await desk.hasState("Established");
            await desk.shows("AccountNumber", "777");
            assert.equal(await desk.root.getByText("events missed").count(), 0, "what happened meanwhile was kept on disk");
            await server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "AttachUserData", userData: {After: "restart"}});
            await desk.shows("After", "restart", "added");
            await context.close();
        } finally {
            await server.stop();
        }
    });
});
