/**
 * A desk that was away for longer than its session lived: what it missed, and what it says about that.
 */
import assert from "node:assert/strict";
import {mkdtemp, rm, writeFile} from "node:fs/promises";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, before, describe, test} from "node:test";
import {Wire} from "../interop/wire.js";
import {launch, newContext, newPage, screenshot} from "./browser.js";
import {Desk} from "./desk-page.js";
import {startServer} from "./server.js";

const PATIENCE_MS = 20_000;
const SHORT_SESSIONS = "[bayeux]\nmax_interval_ms = 500\n";

describe("a desk that was away", () => {
    let browser;
    let folder;

    before(async () => {
        browser = await launch();
        folder = await mkdtemp(join(tmpdir(), "encke-missed-"));
    });

    after(async () => {
        await browser?.close();
        await rm(folder, {recursive: true, force: true});
    });

    /**
     * Attaches the numbers 1 to `changes` to a call of alice, whose desk is away meanwhile, and lets `look` see it come back.
     *
     * @param {string} settings
     * @param {number} changes
     * @param {(seen: {desk: Desk, page: import("playwright-core").Page, log: string[]}) => Promise<void>} look
     */
    async function away(settings, changes, look) {
        const config = join(folder, "encke.toml");
        await writeFile(config, settings);
        const server = await startServer({config});
        const wire = await Wire.to(server.url);
        try {
            const context = await newContext(browser);
            const {page} = await newPage(context);
            await page.goto(`${wire.url}/desk/?agents=alice`);
            const desk = new Desk(page, "alice");
            await desk.isLive();
            const {id} = await server.outside("calls", {to: "15000", from: "+15550100"});
            await desk.press("Answer");
            await desk.hasState("Established");
            const change = (number) => server.asAgent("alice", `/api/v2/me/calls/${id}`, {operationName: "UpdateUserData", userData: {Number: number}});
            await change(0);
            await desk.shows("Number", "0");
            wire.cut();
            await desk.root.locator('.pill[data-status="reconnecting"]').waitFor();
            await sessionsEnded(server);
            for (let number = 1; number <= changes; number += 1) {
                await change(number);
            }
            wire.mend();
            await desk.isLive();
            await desk.shows("Number", String(changes));
            await look({desk, page, log: await eventsOf(desk)});
            await context.close();
        } finally {
            await wire.close();
            await server.stop();
        }
    }

    test("shows every change that it missed, in order, and has nothing to say", async () => {
        await away(SHORT_SESSIONS, 5, async ({desk, page, log}) => {
            assert.deepEqual(numbers(log), [0, 1, 2, 3, 4, 5]);
            await screenshot(page, "desk-resumed");
            assert.equal(await desk.root.getByText("events missed").count(), 0);
        });
    });

    test("says so where the server has not kept everything, and is up to date all the same", async () => {
        const few = `${SHORT_SESSIONS}[[channels]]\npattern = "/v2/me/**"\nendpoint = "notifications"\nreplay_age_ms = 60000\nreplay_messages = 2\n`;
        await away(few, 5, async ({desk, page, log}) => {
            assert.deepEqual(numbers(log), [0, 4, 5]);
            await desk.root.locator(".pill").getByText("events missed").waitFor();
            await desk.root.locator(".log-title", {hasText: "Events missed"}).waitFor();
            await screenshot(page, "desk-missed");
        });
    });
});

/** The raw events of a desk's log, oldest first. */
async function eventsOf(desk) {
    await desk.root.getByText("Event log").click();
    const rows = desk.root.locator('.log-list > li[data-kind="event"]');
    await rows.locator("details").evaluateAll((all) => all.forEach((details) => {
        details.open = true;
    }));
    await rows.last().locator("pre", {hasText: "{"}).waitFor();
    return (await rows.locator("pre").allInnerTexts()).reverse();
}

/** The numbers that events told. */
function numbers(log) {
    return log.flatMap((text) => /"Number": (\d+)/.exec(text)?.[1] ?? []).map(Number);
}

async function sessionsEnded(server) {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
        const metrics = await (await fetch(`${server.url}/metrics`)).text();
        const sessions = /^encke_sessions\{endpoint="notifications"\} (\d+)$/m.exec(metrics);
        if (sessions?.[1] === "0") {
            return;
        }
        assert.ok(Date.now() < deadline, `sessions: ${sessions?.[1]}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}
