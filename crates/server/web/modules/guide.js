/**
 * The guided minute: a strip at the foot of the page that leads a stranger from the first call to the first pushed
 * change, on the real desks of Alice and Bob.
 *
 * It waits for what happens and never stands in the way: it is no dialog, takes no focus after its beginning, and
 * goes with one press or Escape. That it was seen is remembered in this browser; it begins only when it is asked for.
 *
 * @typedef {import("./guide-steps.js").Desks} Desks
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./views.js").View} View
 */
import {Problem, iconButton, perform} from "./action.js";
import {announce} from "./announce.js";
import {element, setText, uniqueId} from "./element.js";
import {STEPS} from "./guide-steps.js";

const STORED_AS = "encke-desk-guide";

/** Whom it is played with. */
export const GUIDED = Object.freeze(["alice", "bob"]);

/** @returns {boolean} whether it was finished or left in this browser */
export function wasGuided() {
    return localStorage.getItem(STORED_AS) !== null;
}

export class Guide {
    node;
    #onView;
    #count = element("p", {class: "guide-count"});
    #title;
    #text = element("p", {class: "guide-text"});
    #problem = new Problem();
    #button;
    /** @type {Desks | null} */
    #desks = null;
    /** The step that is shown; -1 while it is not on. */
    #at = -1;
    #refresh = () => this.#look();
    /** @type {(event: KeyboardEvent) => void} Escape from anywhere, unless a dialog has it */
    #leave = ({key, isComposing}) => {
        if (key === "Escape" && !isComposing && document.querySelector("dialog[open]") === null) {
            this.end("left");
        }
    };

    /** @param {(view: View) => void} onView brings a part of the page to the front */
    constructor(onView) {
        this.#onView = onView;
        const titleId = uniqueId("guide");
        this.#title = element("h2", {id: titleId, tabindex: "-1"});
        this.#button = element("button", {type: "button", class: "primary", on: {click: () => this.#press()}});
        this.node = element("aside", {"class": "guide", "aria-labelledby": titleId, "hidden": true},
            element("div", {class: "guide-head"}, this.#count, iconButton("close", "Leave the guide", {bare: true}, () => this.end("left"))),
            this.#title, this.#text, this.#problem.node,
            element("div", {class: "guide-foot"}, this.#button,
                element("ol", {"class": "guide-dots", "aria-hidden": "true"}, ...STEPS.map(() => element("li")))));
    }

    get isOn() {
        return this.#at >= 0;
    }

    /** Shows the first step. What it needs comes with `attend`. */
    begin() {
        this.#at = 0;
        this.node.hidden = false;
        document.body.classList.add("guided");
        document.addEventListener("keydown", this.#leave);
        this.#show();
        this.#title.focus({preventScroll: true});
        this.#look();
    }

    /** @param {"finished" | "left"} how */
    end(how) {
        if (this.isOn) {
            this.#at = -1;
            localStorage.setItem(STORED_AS, how);
            this.#point(null);
            this.node.hidden = true;
            document.body.classList.remove("guided");
            document.removeEventListener("keydown", this.#leave);
            announce("The guide has ended");
        }
    }

    /** @param {AgentSession[]} sessions of the open desks */
    attend(sessions) {
        for (const session of this.#desks ? Object.values(this.#desks) : []) {
            session.removeEventListener("interaction", this.#refresh);
            session.removeEventListener("desk", this.#refresh);
        }
        const [alice, bob] = GUIDED.map((user) => sessions.find(({agent}) => agent.user === user));
        this.#desks = alice && bob ? {alice, bob} : null;
        for (const session of this.#desks ? Object.values(this.#desks) : []) {
            session.addEventListener("interaction", this.#refresh);
            session.addEventListener("desk", this.#refresh);
        }
        this.#look();
    }

    /** Goes on as far as the desks have come, or back to what came undone. */
    #look() {
        if (!this.isOn || !this.#desks) {
            return;
        }
        const before = this.#at;
        if (STEPS[this.#at]?.possible?.(this.#desks) === false) {
            this.#at = 0;
        }
        while (STEPS[this.#at]?.done?.(this.#desks)) {
            this.#at += 1;
        }
        if (this.#at !== before) {
            this.#show();
        }
        this.#point(STEPS[this.#at]?.at ?? null);
    }

    #show() {
        const step = STEPS[this.#at];
        if (!step) {
            return;
        }
        this.#problem.clear();
        setText(this.#count, `${this.#at + 1} of ${STEPS.length}`);
        setText(this.#title, step.title);
        setText(this.#text, step.text);
        setText(this.#button, step.label);
        [...this.node.querySelectorAll(".guide-dots li")].forEach((dot, index) => dot.classList.toggle("on", index <= this.#at));
        announce(`${step.title}. ${step.text}`);
        this.#onView(step.view);
        this.#point(step.at);
    }

    #press() {
        const step = STEPS[this.#at];
        const desks = this.#desks;
        if (!step) {
            return;
        }
        if (this.#at === STEPS.length - 1) {
            this.end("finished");
        } else if (!step.work) {
            this.#at += 1;
            this.#show();
            this.#look();
        } else if (desks) {
            perform(this.#button, this.#problem, () => step.work?.(desks) ?? Promise.resolve());
        }
    }

    /** @param {string | null} selector */
    #point(selector) {
        const wanted = new Set(selector === null ? [] : document.querySelectorAll(selector));
        for (const node of document.querySelectorAll(".pointed-at")) {
            node.classList.toggle("pointed-at", wanted.has(node));
        }
        const [first] = wanted;
        const isNew = first !== undefined && !first.classList.contains("pointed-at");
        for (const node of wanted) {
            node.classList.add("pointed-at");
        }
        if (isNew) {
            first.scrollIntoView({block: "nearest"});
        }
    }
}
