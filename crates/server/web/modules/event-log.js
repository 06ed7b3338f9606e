/**
 * The raw event log of a desk: notifications, REST exchanges and /meta replies, as JSON, newest first.
 *
 * Bounded: the oldest entry leaves when a new one comes. JSON is rendered when an entry is opened, so that a long log
 * costs little.
 *
 * @typedef {import("./session.js").LogEntry} LogEntry
 */
import {element, setText, uniqueId} from "./element.js";
import {resourceOf} from "./media.js";

/** Entries kept. */
const KEPT = 300;

const KINDS = /** @type {const} */ ({event: "Events", request: "Requests", meta: "Connection"});

export class EventLog {
    node;
    #summary = element("span", {class: "count"});
    #list = element("ol", {class: "log-list"});
    #nothing = element("p", {class: "log-nothing"}, "Nothing to show.");
    #filter;
    #kinds;
    /** @type {Array<{entry: LogEntry, text: string, node: HTMLElement}>} newest first */
    #entries = [];

    /** @param {string} owner */
    constructor(owner) {
        this.#filter = element("input", {
            "type": "search", "placeholder": "Filter", "aria-label": `Filter the events of ${owner}`, "autocomplete": "off",
            "on": {input: () => this.#applyFilter()},
        });
        this.#kinds = Object.entries(KINDS).map(([kind, label]) => {
            const id = uniqueId("kind");
            const box = element("input", {type: "checkbox", id, value: kind, checked: kind !== "meta", on: {change: () => this.#applyFilter()}});
            return {box, node: element("span", {class: "check"}, box, element("label", {for: id}, label))};
        });
        this.node = element("details", {class: "log"},
            element("summary", {}, element("span", {}, "Event log"), this.#summary),
            element("div", {class: "log-tools"},
                this.#filter,
                element("div", {"class": "checks", "role": "group", "aria-label": "Kinds of entries"}, ...this.#kinds.map(({node}) => node)),
                element("button", {type: "button", class: "quiet small", on: {click: () => this.clear()}}, "Clear")),
            this.#nothing,
            this.#list);
        this.#applyFilter();
    }

    /** @param {LogEntry} entry */
    add(entry) {
        const node = row(entry);
        const record = {entry, text: `${entry.title} ${JSON.stringify(entry.detail)}`.toLowerCase(), node};
        this.#entries.unshift(record);
        this.#list.prepend(node);
        node.hidden = !this.#passes(record);
        for (const old of this.#entries.splice(KEPT)) {
            old.node.remove();
        }
        this.#count();
    }

    clear() {
        this.#entries = [];
        this.#list.replaceChildren();
        this.#count();
    }

    toggle() {
        this.node.open = !this.node.open;
        if (this.node.open) {
            this.#filter.focus();
        }
    }

    #applyFilter() {
        for (const record of this.#entries) {
            record.node.hidden = !this.#passes(record);
        }
        this.#count();
    }

    /** @param {{entry: LogEntry, text: string}} record */
    #passes({entry, text}) {
        return this.#kinds.some(({box}) => box.checked && box.value === entry.kind)
            && text.includes(this.#filter.value.trim().toLowerCase());
    }

    #count() {
        const shown = this.#entries.filter(({node}) => !node.hidden).length;
        setText(this.#summary, shown === this.#entries.length ? String(shown) : `${shown} of ${this.#entries.length}`);
        this.#nothing.hidden = shown > 0;
    }
}

/**
 * @param {LogEntry} entry
 * @returns {HTMLElement}
 */
function row(entry) {
    const json = element("pre", {tabindex: "0"});
    return element("li", {data: {kind: entry.kind}},
        element("details", {
            on: {
                toggle: (event) => {
                    if (event.target.open && json.textContent === "") {
                        json.textContent = JSON.stringify(entry.detail, null, 2);
                    }
                },
            },
        },
            element("summary", {},
                element("time", {datetime: entry.at.toISOString()}, entry.at.toTimeString().slice(0, 8) + "." + String(entry.at.getMilliseconds()).padStart(3, "0")),
                element("span", {class: "log-title"}, entry.title),
                element("span", {class: "log-about"}, about(entry))),
            json));
}

/**
 * A few words that tell entries of one title apart.
 *
 * @param {LogEntry} entry
 * @returns {string}
 */
function about({kind, detail}) {
    const body = /** @type {any} */ (detail);
    switch (kind) {
        case "request":
            return [body.request?.operationName, body.answer?.statusCode === 0 ? "0" : `status ${body.answer?.statusCode ?? body.httpStatus}`].filter(Boolean).join(" \u00b7 ");
        case "meta":
            return body.successful ? "" : body.error ?? body.failure?.reason ?? "failed";
        case "event":
            return resourceOf(body.data ?? {})?.resource.state ?? body.channel;
    }
}
