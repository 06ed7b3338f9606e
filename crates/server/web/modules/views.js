/**
 * The tabs of a narrow screen, which shows one part of the page at a time: each desk, and the outside world. A tab says
 * how much waits to be answered on the desk behind it.
 *
 * @typedef {"0" | "1" | "outside"} View the place of a desk, or the outside world
 * @typedef {import("./pane.js").Pane} Pane
 */
import {element, setText} from "./element.js";
import {icon} from "./icon.js";
import {nameOfUser} from "./people.js";

/** What the person at the desk may do about something that rings. */
const WAITING = ["Answer", "Accept"];

export class Views {
    #nav;
    #main;
    #onShow;
    /** @type {Array<{pane: Pane, count: HTMLElement, unit: HTMLElement}>} */
    #counted = [];

    /**
     * @param {HTMLElement} nav
     * @param {HTMLElement} main what the views are parts of; `data-view` names the one that is shown
     * @param {(view: View) => void} onShow
     */
    constructor(nav, main, onShow) {
        this.#nav = nav;
        this.#main = main;
        this.#onShow = onShow;
    }

    /** @param {Pane[]} panes that are open */
    offer(panes) {
        this.#counted = panes.map((pane) => ({
            pane,
            count: element("span", {class: "waiting", hidden: true}),
            unit: element("span", {class: "unseen", hidden: true}, " waiting"),
        }));
        this.#nav.replaceChildren(...(panes.length === 0 ? [] : [
            ...this.#counted.map(({pane, count, unit}, index) =>
                this.#tab(/** @type {View} */ (String(index)), element("span", {class: "tab-name"}, nameOfUser(pane.user)), count, unit)),
            this.#tab("outside", icon("outside"), "Outside"),
        ]));
        this.count();
    }

    /** @param {View} view */
    show(view) {
        const isOther = this.#main.dataset.view !== view;
        this.#main.dataset.view = view;
        for (const button of this.#nav.querySelectorAll("button")) {
            button.setAttribute("aria-pressed", String(button.dataset.view === view));
        }
        if (isOther && this.isNarrow) {
            scrollTo(0, 0);
        }
        this.#onShow(view);
    }

    /** Whether the tabs are what leads from one part to another. */
    get isNarrow() {
        return getComputedStyle(this.#nav).display !== "none";
    }

    /**
     * Counts anew what waits.
     *
     * @returns {number} on all desks together
     */
    count() {
        let all = 0;
        for (const {pane, count, unit} of this.#counted) {
            const waiting = (pane.session?.state.list() ?? [])
                .filter(({endedAt, resource}) => endedAt === null && WAITING.some((name) => resource.capabilities.includes(name))).length;
            setText(count, String(waiting));
            count.hidden = waiting === 0;
            unit.hidden = waiting === 0;
            all += waiting;
        }
        return all;
    }

    /**
     * @param {View} view
     * @param {...(Node | string)} content
     */
    #tab(view, ...content) {
        return element("button", {type: "button", data: {view}, on: {click: () => this.show(view)}}, ...content);
    }
}
