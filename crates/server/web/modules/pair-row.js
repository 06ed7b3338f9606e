/**
 * One pair of the user-data table: its value, what the last change did to it, and its editor, which stays open while
 * notifications come in.
 *
 * @typedef {import("./user-data.js").PairChange} PairChange
 * @typedef {import("./action.js").Problem} Problem
 */
import {iconButton, perform} from "./action.js";
import {element, setText} from "./element.js";
import {typeChoice, typeOf} from "./type-choice.js";
import {jsonType, readableValue, valueAsJson} from "./user-data.js";

/** How long a change stays marked. */
const MARKED_MS = 12_000;

export class PairRow {
    node;
    /** The pair is gone and only the eye still has it. */
    isLeaving = false;
    #key;
    #commands;
    #problem;
    #value = element("span", {class: "pair-value"});
    #type = element("span", {class: "pair-type"});
    #mark = element("span", {class: "pair-mark"});
    #valueCell;
    #edit;
    #remove;
    /** @type {unknown} */
    #shown;
    /** @type {HTMLElement | null} */
    #editor = null;
    #unmarkTimer = 0;
    #leaveTimer = 0;

    /**
     * @param {string} key
     * @param {{save: (json: string) => Promise<void>, remove: () => Promise<void>}} commands
     * @param {Problem} problem
     */
    constructor(key, commands, problem) {
        this.#key = key;
        this.#commands = commands;
        this.#problem = problem;
        this.#edit = iconButton("edit", `Edit ${key}`, {bare: true}, () => this.#openEditor());
        this.#remove = iconButton("remove", `Delete ${key}`, {bare: true, class: "danger"}, (button) =>
            perform(button, problem, commands.remove));
        this.#valueCell = element("td", {class: "pair-cell"}, element("div", {class: "pair-line"}, this.#value, this.#type, this.#mark));
        this.node = element("tr", {data: {key}},
            element("th", {scope: "row"}, key),
            this.#valueCell,
            element("td", {class: "pair-actions"}, this.#edit, this.#remove));
    }

    /**
     * @param {unknown} value
     * @param {{update: boolean, remove: boolean}} can
     */
    show(value, can) {
        clearTimeout(this.#leaveTimer);
        this.isLeaving = false;
        this.#shown = value;
        setText(this.#value, readableValue(value));
        this.#value.classList.toggle("blank", value === "");
        const type = jsonType(value);
        setText(this.#type, type === "string" ? "" : type);
        this.#edit.hidden = !can.update;
        this.#remove.hidden = !can.remove;
    }

    /** @param {PairChange | undefined} change */
    mark(change) {
        if (!change || this.node.dataset.change === change.kind) {
            return;
        }
        this.node.dataset.change = change.kind;
        this.#mark.textContent = change.kind;
        if (change.kind === "changed") {
            this.#mark.append(element("s", {title: "Value before"}, readableValue(change.before)));
        }
        clearTimeout(this.#unmarkTimer);
        this.#unmarkTimer = window.setTimeout(() => this.unmark(), MARKED_MS);
    }

    unmark() {
        clearTimeout(this.#unmarkTimer);
        delete this.node.dataset.change;
        this.#mark.textContent = "";
    }

    /**
     * A removed pair can be looked at for a while, not touched.
     *
     * @param {number} milliseconds
     * @param {() => void} leave
     */
    leaveAfter(milliseconds, leave) {
        this.isLeaving = true;
        this.#closeEditor();
        this.#edit.hidden = true;
        this.#remove.hidden = true;
        clearTimeout(this.#leaveTimer);
        this.#leaveTimer = window.setTimeout(leave, milliseconds);
    }

    #openEditor() {
        if (this.#editor) {
            return;
        }
        const isText = typeof this.#shown === "string";
        const input = element("input", {
            "type": "text", "value": readableValue(this.#shown), "aria-label": `New value of ${this.#key}`, "autocomplete": "off",
        });
        const type = typeChoice(`Type of ${this.#key}`, isText ? "text" : "json");
        const save = element("button", {type: "submit", class: "primary small"}, "Save");
        const form = element("form", {
            class: "pair-editor",
            on: {
                submit: async (event) => {
                    event.preventDefault();
                    const done = await perform(save, this.#problem, async () =>
                        this.#commands.save(valueAsJson(input.value, typeOf(type))));
                    if (done) {
                        this.#closeEditor();
                    }
                },
                keydown: (event) => {
                    if (event.key === "Escape") {
                        event.stopPropagation();
                        this.#closeEditor();
                    }
                },
            },
        }, input, type, save, element("button", {type: "button", class: "quiet small", on: {click: () => this.#closeEditor()}}, "Cancel"));
        this.#editor = form;
        this.node.classList.add("editing");
        this.#valueCell.append(form);
        input.select();
        input.focus();
    }

    #closeEditor() {
        if (this.#editor) {
            const hadFocus = this.#editor.contains(document.activeElement);
            this.#editor.remove();
            this.#editor = null;
            this.node.classList.remove("editing");
            if (hadFocus) {
                this.#edit.focus();
            }
        }
    }
}
