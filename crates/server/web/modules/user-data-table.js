/**
 * The live user-data table of a card: shows the pairs in the server's order, lights up what the last change did, and
 * lets the agent attach, update and delete.
 *
 * It never shows what was asked for, only what a notification or a GET said. A removed pair stays for a moment, struck
 * through, so that the eye can see it go.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./user-data.js").PairChange} PairChange
 */
import {Problem, iconButton, perform} from "./action.js";
import {element, setText} from "./element.js";
import {jsonType, readableValue, valueAsJson} from "./user-data.js";

/** How long a change stays marked. */
const MARKED_MS = 12_000;
/** How long a removed pair stays visible. */
const GHOST_MS = 4_000;

const WORDS = {added: "added", changed: "changed", removed: "removed"};

export class UserDataTable {
    node;
    #session;
    #interaction;
    #problem = new Problem();
    #body = element("tbody");
    #empty = element("p", {class: "user-data-empty"}, "Nothing attached yet.");
    #count = element("span", {class: "count"});
    #deleteAll;
    #form;
    /** @type {Map<string, PairRow>} */
    #rows = new Map();
    #shownChange;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        this.#session = session;
        this.#interaction = interaction;
        this.#shownChange = interaction.changeNumber;
        this.#deleteAll = iconButton("remove", "Delete all", {class: "quiet small danger"}, (button) =>
            perform(button, this.#problem, () => session.deleteAllPairs(this.#interaction)));
        this.#form = new PairForm((operation, key, json) => session.putPair(this.#interaction, operation, key, json), this.#problem);
        this.node = element("section", {"class": "user-data", "aria-label": "User data"},
            element("div", {class: "user-data-head"},
                element("h4", {}, "User data ", this.#count), this.#deleteAll),
            element("table", {},
                element("thead", {class: "unseen"}, element("tr", {},
                    element("th", {scope: "col"}, "Key"),
                    element("th", {scope: "col"}, "Value"),
                    element("th", {scope: "col"}, "Actions"))),
                this.#body),
            this.#empty,
            this.#form.node,
            this.#problem.node);
        this.update(interaction);
    }

    /** @param {Interaction} interaction */
    update(interaction) {
        this.#interaction = interaction;
        const {userData = {}, capabilities} = interaction.resource;
        const isNewChange = interaction.changeNumber !== this.#shownChange;
        this.#shownChange = interaction.changeNumber;
        if (isNewChange) {
            for (const [key, row] of this.#rows) {
                row.unmark();
                if (!Object.hasOwn(userData, key) && !interaction.changes.has(key)) {
                    this.#drop(key);
                }
            }
        }
        const can = {
            update: capabilities.includes("UpdateUserData"),
            remove: capabilities.includes(interaction.medium === "call" ? "DeleteUserDataPair" : "DeleteUserData"),
        };
        for (const [key, row] of this.#rows) {
            if (!Object.hasOwn(userData, key) && !row.isLeaving) {
                row.mark(interaction.changes.get(key) ?? {kind: "removed"});
                row.leaveAfter(GHOST_MS, () => this.#drop(key));
            }
        }
        let place = this.#nextStaying(this.#body.firstElementChild);
        for (const [key, value] of Object.entries(userData)) {
            const row = this.#rows.get(key) ?? this.#newRow(key);
            row.show(value, can);
            if (isNewChange) {
                row.mark(interaction.changes.get(key));
            }
            // Moving a node takes the focus from it, so only what is out of place is moved.
            if (place === row.node) {
                place = this.#nextStaying(place.nextElementSibling);
            } else {
                this.#body.insertBefore(row.node, place);
            }
        }
        const size = Object.keys(userData).length;
        setText(this.#count, size === 0 ? "" : String(size));
        this.#empty.hidden = this.#rows.size > 0 || interaction.endedAt !== null;
        this.#deleteAll.hidden = size === 0 || !capabilities.includes("DeleteUserData");
        this.#form.allow(capabilities);
    }

    focusForm() {
        this.#form.focus();
    }

    /**
     * The first row from `node` on that is not about to leave; those keep the place they had.
     *
     * @param {Element | null} node
     * @returns {Element | null}
     */
    #nextStaying(node) {
        let next = node;
        while (next !== null && this.#rows.get(/** @type {HTMLElement} */ (next).dataset.key ?? "")?.isLeaving) {
            next = next.nextElementSibling;
        }
        return next;
    }

    /** @param {string} key */
    #newRow(key) {
        const row = new PairRow(key, {
            save: (json) => this.#session.putPair(this.#interaction, "UpdateUserData", key, json),
            remove: () => this.#session.deletePair(this.#interaction, key),
        }, this.#problem);
        this.#rows.set(key, row);
        return row;
    }

    /** @param {string} key */
    #drop(key) {
        const row = this.#rows.get(key);
        if (row) {
            if (row.node.contains(document.activeElement)) {
                this.#form.focus();
            }
            row.node.remove();
            this.#rows.delete(key);
            this.#empty.hidden = this.#rows.size > 0 || this.#interaction.endedAt !== null;
        }
    }
}

/** One pair. Keeps its editor open while notifications come in. */
class PairRow {
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
        this.#mark.textContent = WORDS[change.kind];
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

/** The line that attaches a new pair or updates a pair by name. */
class PairForm {
    node;
    #key = element("input", {"type": "text", "class": "pair-form-key", "placeholder": "Key", "aria-label": "Key", "autocomplete": "off", "required": true});
    #value = element("input", {"type": "text", "class": "pair-form-value", "placeholder": "Value", "aria-label": "Value", "autocomplete": "off"});
    #type = typeChoice("Type of the value", "text");
    #attach = element("button", {type: "submit", class: "small", title: "Attach: adds the pair even if the key exists", value: "AttachUserData"}, "Attach");
    #update = element("button", {type: "submit", class: "small", title: "Update: replaces the value if the key exists", value: "UpdateUserData"}, "Update");

    /**
     * @param {(operation: "AttachUserData" | "UpdateUserData", key: string, json: string) => Promise<void>} put
     * @param {Problem} problem
     */
    constructor(put, problem) {
        this.node = element("form", {
            "class": "pair-form",
            "aria-label": "Attach or update user data",
            "on": {
                submit: async (event) => {
                    event.preventDefault();
                    const button = /** @type {HTMLButtonElement} */ (event.submitter ?? this.#attach);
                    const done = await perform(button, problem, async () => put(
                        /** @type {"AttachUserData" | "UpdateUserData"} */ (button.value),
                        this.#key.value.trim(), valueAsJson(this.#value.value, typeOf(this.#type))));
                    if (done) {
                        this.#key.value = "";
                        this.#value.value = "";
                        this.#type.value = "text";
                        this.#key.focus();
                    }
                },
            },
        }, this.#key, this.#value, this.#type, this.#attach, this.#update);
    }

    /** @param {string[]} capabilities */
    allow(capabilities) {
        this.#attach.disabled = !capabilities.includes("AttachUserData");
        this.#update.disabled = !capabilities.includes("UpdateUserData");
        this.node.hidden = this.#attach.disabled && this.#update.disabled;
    }

    focus() {
        this.#key.focus();
    }
}

/**
 * @param {string} label
 * @param {"text" | "json"} chosen
 * @returns {HTMLSelectElement}
 */
function typeChoice(label, chosen) {
    return element("select", {"aria-label": label, "class": "pair-form-type", "title": "Text is sent as a string; JSON as it is typed: 42, true, {\"a\":1}"},
        element("option", {value: "text", selected: chosen === "text"}, "Text"),
        element("option", {value: "json", selected: chosen === "json"}, "JSON"));
}

/**
 * @param {HTMLSelectElement} choice
 * @returns {"text" | "json"}
 */
function typeOf(choice) {
    return choice.value === "json" ? "json" : "text";
}
