/**
 * The live user-data table of a card: shows the pairs in the server's order, lights up what the last change did, and
 * lets the agent attach, update and delete.
 *
 * It never shows what was asked for, only what a notification or a GET said. A removed pair stays for a moment, struck
 * through, so that the eye can see it go.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {Problem, iconButton, perform} from "./action.js";
import {element, setText} from "./element.js";
import {PairForm} from "./pair-form.js";
import {PairRow} from "./pair-row.js";

/** How long a removed pair stays visible. */
const GHOST_MS = 6_000;

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
                element("colgroup", {}, element("col", {class: "key-column"}), element("col"), element("col", {class: "actions-column"})),
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
            remove: capabilities.includes(interaction.medium.deletes.name),
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
