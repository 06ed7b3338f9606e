/**
 * An operation that wants a line of text first: a button that opens it, a field, and one button for each way to go on.
 * Transfers and conferences want a number or a colleague, links an address, dispositions a word.
 *
 * Which ways are there is said by `capabilities` of the interaction.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./media.js").Capability} Capability
 *
 * @typedef {object} Form
 * @property {string} label of the button that opens it
 * @property {import("./icon.js").IconName} icon
 * @property {string} field what the text is
 * @property {string} placeholder
 * @property {Record<string, unknown>} [input] attributes of the field
 * @property {(agent: import("./session.js").Agent) => Array<{value: string, label: string}>} [suggestions]
 * @property {Array<Capability & {label: string}>} ways
 * @property {(text: string) => Record<string, unknown>} parameters
 */
import {Problem, iconButton} from "./action.js";
import {element, uniqueId} from "./element.js";
import {Line} from "./line.js";
import {isPossible} from "./media.js";

export class OperationForm {
    /** Opens and closes it. */
    button;
    node;
    #input;
    #onOpen;
    /** @type {Array<{way: Capability, button: HTMLButtonElement}>} */
    #ways;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     * @param {Form} form
     * @param {() => void} [onOpen]
     */
    constructor(session, interaction, form, onOpen) {
        this.#onOpen = onOpen;
        const problem = new Problem();
        const listId = uniqueId("suggestions");
        const suggestions = form.suggestions?.(session.agent) ?? [];
        this.button = iconButton(form.icon, form.label, {}, () => this.#toggle());
        this.button.setAttribute("aria-expanded", "false");
        this.#input = element("input", {
            "type": "text", "placeholder": form.placeholder, "aria-label": form.field, "autocomplete": "off", "required": true,
            "maxlength": "64", "list": suggestions.length > 0 ? listId : null, ...form.input,
        });
        const line = new Line([this.#input], problem);
        this.#ways = form.ways.map((way) => ({way, button: element("button", {type: "submit", value: way.name}, way.label)}));
        this.node = element("form", {
            "class": "others",
            "aria-label": form.label,
            "hidden": true,
            "on": {
                submit: (event) => {
                    event.preventDefault();
                    // Enter presses the first button of a form, be it hidden.
                    const button = event.submitter?.hidden === false ? event.submitter : this.#first();
                    if (!button) return;
                    line.send(button, async ([text = ""]) => {
                        await session.operate(interaction, button.value, form.parameters(text.trim()));
                        this.close();
                    });
                },
            },
        },
            this.#input,
            suggestions.length > 0 ? element("datalist", {id: listId}, ...suggestions.map(({value, label}) => element("option", {value}, label === value ? null : label))) : null,
            ...this.#ways.map(({button}) => button),
            problem.node);
    }

    /** @param {Set<string>} can what `capabilities` lists */
    update(can) {
        for (const {way, button} of this.#ways) {
            button.hidden = !isPossible(way, can);
        }
        this.button.hidden = this.#first() === undefined;
        if (this.button.hidden) {
            this.close();
        }
    }

    #toggle() {
        if (!this.node.hidden) {
            this.close();
            return;
        }
        this.#onOpen?.();
        this.node.hidden = false;
        this.button.setAttribute("aria-expanded", "true");
        this.#input.focus();
    }

    close() {
        const hadFocus = this.node.contains(document.activeElement);
        this.node.hidden = true;
        this.button.setAttribute("aria-expanded", "false");
        if (hadFocus && !this.button.hidden) {
            this.button.focus();
        }
    }

    /** What the Enter key asks for. */
    #first() {
        return this.#ways.find(({button}) => !button.hidden)?.button;
    }
}
