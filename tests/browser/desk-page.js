/**
 * The desk as a person uses it: by labels, names and roles.
 */

/**
 * One agent's desk on the page.
 */
export class Desk {
    /**
     * @param {import("playwright-core").Page} page
     * @param {string} user
     */
    constructor(page, user) {
        this.root = page.locator(`.pane[data-user="${user}"]`);
        this.call = this.root.locator('.card[data-medium="call"]:not(.ended)');
        this.sms = this.of("sms");
        this.ended = this.root.locator(".card.ended");
    }

    /** The live cards of a medium. */
    of(medium) {
        return this.root.locator(`.card[data-medium="${medium}"]:not(.ended)`);
    }

    async isLive() {
        await this.root.locator('.pill[data-status="live"]').waitFor();
    }

    /** The switch in the desk's head. */
    get state() {
        return this.root.getByRole("combobox", {name: /^State of /});
    }

    /** Waits for what the switch shows, as the server said it. */
    async is(state) {
        await this.state.and(this.root.locator(`[data-state="${state}"]`)).waitFor();
    }

    async dial(number) {
        await this.root.getByLabel("Number to dial").fill(number);
        await this.root.getByRole("button", {name: "Dial"}).click();
    }

    /** Waits for the state of the only call, or of another card. */
    async hasState(state, card = this.call) {
        await card.and(this.root.locator(`[data-state="${state}"]`)).waitFor();
    }

    async press(name, card = this.call) {
        await card.getByRole("button", {name, exact: true}).click();
    }

    /** Attach or update by the form below the table. */
    async put(operation, key, value, {json = false, card = this.call} = {}) {
        await card.getByLabel("Key", {exact: true}).fill(key);
        await card.getByLabel("Value", {exact: true}).fill(value);
        await card.getByLabel("Type of the value").selectOption(json ? "json" : "text");
        await card.getByRole("button", {name: operation, exact: true}).click();
    }

    /** Change a value in its row. */
    async edit(key, value, card = this.call) {
        await card.getByRole("button", {name: `Edit ${key}`}).click();
        await card.getByLabel(`New value of ${key}`).fill(value);
        await card.getByRole("button", {name: "Save"}).click();
    }

    /** Waits until a pair shows this value, and is lit up as `change` if that is given. */
    async shows(key, value, change, card = this.call) {
        const row = card.locator(`tr[data-key="${key}"]${change ? `[data-change="${change}"]` : ""}`);
        await row.locator(".pair-value", {hasText: new RegExp(`^${escape(value)}$`)}).waitFor();
    }

    /** Waits until a pair is struck through as removed. */
    async showsRemoved(key, card = this.call) {
        await card.locator(`tr[data-key="${key}"][data-change="removed"]`).waitFor();
    }

    /** The conversation on a card, without who came and left. */
    async texts(card = this.sms) {
        return card.locator(".transcript .said").allInnerTexts();
    }

    /**
     * The `data` of the notifications of one kind in the event log, the oldest first. Opens the log.
     *
     * @param {string} title
     */
    async notifications(title) {
        const log = this.root.locator("details.log");
        if (!await log.evaluate((details) => details.open)) {
            await log.locator("> summary").click();
        }
        // An entry writes its JSON when it is opened.
        const newestFirst = await log.locator(".log-list > li").evaluateAll((entries, wanted) => Promise.all(entries
            .filter((entry) => entry.querySelector(".log-title").textContent === wanted)
            .map(async (entry) => {
                const details = entry.querySelector("details");
                if (!details.open) {
                    const written = new Promise((resolve) => details.addEventListener("toggle", resolve, {once: true}));
                    details.open = true;
                    await written;
                }
                return JSON.parse(entry.querySelector("pre").textContent).data;
            })), title);
        return newestFirst.reverse();
    }

    /** The pairs on the desk that are not on their way out. */
    async pairs(card = this.call) {
        return card.locator('tbody tr:not([data-change="removed"])').evaluateAll((rows) =>
            rows.map((row) => [row.dataset.key, row.querySelector(".pair-value")?.textContent]));
    }
}

/** @param {string} text */
function escape(text) {
    return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
