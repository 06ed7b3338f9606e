/**
 * The part of "Outside" that lets a scenario play: which one, from which seed, how fast, how far it is, and a stop.
 *
 * Not there at all where the server has no player. One scenario at a time from this page; one that is playing already,
 * begun by somebody else or before a reload, is taken up.
 *
 * @typedef {import("./scenarios.js").Progress} Progress
 */
import {Problem, perform} from "./action.js";
import {announce} from "./announce.js";
import {clockText} from "./duration.js";
import {element, field, setText} from "./element.js";
import {play, progressOf, scenarios, stop} from "./scenarios.js";

const LOOK_EVERY_MS = 1000;

export class OutsideScenario {
    node;
    #problem = new Problem();
    #choice = element("select", {required: true, on: {change: () => this.#describe()}});
    #about = element("p", {class: "scenario-about"});
    #seed = element("input", {type: "text", inputmode: "numeric", pattern: "[0-9]{1,15}", title: "A whole number; the same seed plays the same day", placeholder: "by chance", autocomplete: "off"});
    #speed = element("select", {}, ...[1, 2, 5, 10, 60].map((times) => element("option", {value: String(times)}, times === 1 ? "As it is" : `${times} times`)));
    #start = element("button", {type: "submit"}, "Start");
    #stop = element("button", {type: "button", on: {click: () => this.#end()}}, "Stop");
    #form;
    #bar = element("progress", {"aria-label": "Steps of the scenario"});
    #line = element("p", {class: "party-line"});
    #running;
    /** @type {Map<string, import("./scenarios.js").Scenario>} by name */
    #known = new Map();
    #asked = false;
    #id = "";
    #timer = 0;

    constructor() {
        this.#form = element("form", {
            "aria-label": "Scenario",
            "on": {
                submit: (event) => {
                    event.preventDefault();
                    perform(this.#start, this.#problem, () => this.#begin());
                },
            },
        },
            element("div", {class: "fields"},
                wide(field("Scenario", this.#choice)), wide(this.#about), field("Seed", this.#seed), field("Speed", this.#speed)),
            this.#start);
        this.#running = element("div", {class: "scenario-running", hidden: true}, this.#bar, this.#line, this.#stop);
        this.node = element("details", {class: "outside-part", hidden: true},
            element("summary", {}, element("h3", {}, "Scenario")), this.#form, this.#running, this.#problem.node);
    }

    /** Asks the server once whether it has a player; again, if that came to nothing. */
    async look() {
        if (this.#asked) {
            return;
        }
        this.#asked = true;
        try {
            const found = await scenarios();
            if (found === null) {
                return;
            }
            this.#known = new Map(found.scenarios.map((scenario) => [scenario.name, scenario]));
            this.#choice.replaceChildren(...[...this.#known.keys()].map((name) => element("option", {value: name}, name)));
            this.#describe();
            this.node.hidden = this.#known.size === 0 && found.running.length === 0;
            if (found.running[0] !== undefined) {
                this.#follow(found.running[0]);
            }
        } catch {
            this.#asked = false;
        }
    }

    #describe() {
        const chosen = this.#known.get(this.#choice.value);
        setText(this.#about, chosen ? `${chosen.title} \u00b7 ${clockText(chosen.duration * 1000)}` : "");
    }

    async #begin() {
        const seed = this.#seed.value.trim();
        const id = await play({name: this.#choice.value, speed: Number(this.#speed.value), ...(seed === "" ? {} : {seed: Number(seed)})});
        announce(`Scenario ${this.#choice.value} plays`);
        this.#follow(id);
    }

    async #end() {
        const id = this.#id;
        await perform(this.#stop, this.#problem, async () => {
            await stop(id);
            this.#leave("Stopped.");
        });
    }

    /** @param {string} id */
    #follow(id) {
        this.#id = id;
        this.#form.hidden = true;
        this.#running.hidden = false;
        this.#stop.hidden = false;
        this.#bar.removeAttribute("value");
        setText(this.#line, "Begins.");
        this.#ask(id);
    }

    /** @param {string} id */
    async #ask(id) {
        try {
            const progress = await progressOf(id);
            if (id !== this.#id) {
                return;
            }
            if (progress === null) {
                return this.#leave("Ended.");
            }
            this.#show(progress);
            if (progress.state === "ended") {
                return this.#leave(`Ended. ${lineOf(progress)}`);
            }
        } catch (error) {
            if (id !== this.#id) {
                return;
            }
            this.#problem.show(error);
        }
        clearTimeout(this.#timer);
        this.#timer = window.setTimeout(() => this.#ask(id), LOOK_EVERY_MS);
    }

    /** @param {Progress} progress */
    #show(progress) {
        this.#problem.clear();
        this.#bar.max = Math.max(1, progress.steps);
        this.#bar.value = progress.done + progress.failed + progress.passed;
        setText(this.#line, lineOf(progress));
    }

    /** @param {string} word what became of it */
    #leave(word) {
        const hadFocus = this.#running.contains(document.activeElement);
        clearTimeout(this.#timer);
        this.#id = "";
        this.#form.hidden = false;
        this.#stop.hidden = true;
        this.#bar.value = this.#bar.max;
        setText(this.#line, word);
        announce(`Scenario: ${word}`);
        if (hadFocus) {
            this.#start.focus();
        }
    }
}

/** @param {Progress} progress */
function lineOf({done, steps, failed, at, seed}) {
    return [`${done} of ${steps} steps`, failed > 0 ? `${failed} failed` : "", clockText(at * 1000), `seed ${seed}`].filter(Boolean).join(" \u00b7 ");
}

/**
 * @param {HTMLElement} node that wants the whole line
 * @returns {HTMLElement}
 */
function wide(node) {
    node.classList.add("wide");
    return node;
}
