/**
 * The page of numbers, opened at a site and read as its user reads it: from the screen.
 */
import assert from "node:assert/strict";
import {publish} from "../interop/matrix/publisher.js";
import {eventually, newContext, newPage} from "./browser.js";

const CHANNEL = "/kept/numbers";

/** A server that keeps what is published on the channel of the page, and waits so long for clients that are silent. */
export const settings = (maxIntervalMs) => `
[bayeux]
timeout_ms = 1000
max_interval_ms = ${maxIntervalMs}

[[channels]]
pattern = "/kept/**"
replay_age_ms = 600000
replay_messages = 10000
`;

export class Reader {
    /** Everything published so far. */
    #published = 0;

    /**
     * @param {import("playwright-core").Browser} browser
     * @param {{url: string}} site
     * @param {Record<string, string>} [query] what `numbers-page.js` knows besides the channel
     */
    static async open(browser, site, query = {}) {
        const reader = new Reader();
        reader.context = await newContext(browser);
        const {page, complaints} = await newPage(reader.context);
        Object.assign(reader, {page, complaints});
        await page.goto(`${site.url}/?${new URLSearchParams({channel: CHANNEL, ...query})}`);
        await reader.subscribes(1);
        return reader;
    }

    /** Waits until the subscription was taken so many times. */
    async subscribes(times) {
        await eventually(`subscribed ${times} times`, async () => (await this.seen()).subscribed >= times);
    }

    /** Somebody publishes the next `count` numbers. */
    async publish(server, count) {
        const first = this.#published;
        this.#published += count;
        await publish(server, CHANNEL, Array.from({length: count}, (_, index) => first + index));
    }

    /** The screen shows every number published so far, once and in order. */
    async showsAll() {
        const last = String(this.#published - 1);
        const items = this.page.locator("#numbers li");
        await eventually(`number ${last}`, async () => await items.count() > 0 && await items.last().innerText() === last);
        assert.deepEqual(await items.allInnerTexts(), Array.from({length: this.#published}, (_, number) => String(number)));
    }

    /** How many numbers the screen shows now. */
    async count() {
        return this.page.locator("#numbers li").count();
    }

    /** What the page keeps for its test. */
    async seen() {
        return this.page.evaluate(() => ({...window.seen, transport: window.seen.transport()}));
    }

    async close() {
        await this.context.close();
    }
}
