/**
 * Bringing others onto a call: a number, and what is to become of it. Transfer or add, at once or after asking.
 *
 * Which buttons are there is said by `capabilities` of the call and by nothing else.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {Problem} from "./action.js";
import {element, uniqueId} from "./element.js";
import {Line} from "./line.js";
import {PEOPLE} from "./people.js";

/** Operations that take a destination, by what a person calls them. */
const WAYS = {
    InitiateTransfer: "Ask, then transfer",
    SingleStepTransfer: "Transfer now",
    InitiateConference: "Ask, then add",
    SingleStepConference: "Add now",
};

export class CallOthers {
    node;
    #input;
    /** @type {Map<string, HTMLButtonElement>} */
    #buttons;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     * @param {() => void} onDone
     */
    constructor(session, interaction, onDone) {
        const problem = new Problem();
        const listId = uniqueId("others");
        this.#input = element("input", {
            "type": "text", "inputmode": "tel", "list": listId, "placeholder": "Number", "aria-label": "Number of somebody else",
            "autocomplete": "off", "required": true, "maxlength": "64",
        });
        const line = new Line([this.#input], problem);
        this.#buttons = new Map(Object.entries(WAYS).map(([operation, label]) =>
            [operation, element("button", {type: "submit", value: operation}, label)]));
        this.node = element("form", {
            "class": "others",
            "aria-label": "Transfer or add",
            "hidden": true,
            "on": {
                submit: (event) => {
                    event.preventDefault();
                    // Enter presses the first button of a form, be it hidden.
                    const button = event.submitter?.hidden === false ? event.submitter : this.#first();
                    if (!button) return;
                    line.send(button, async ([number = ""]) => {
                        await session.operate(interaction, button.value, {destination: {phoneNumber: number.trim()}});
                        onDone();
                    });
                },
            },
        },
            this.#input,
            element("datalist", {id: listId}, ...PEOPLE.filter(({user}) => user !== session.agent.user)
                .map(({dn, name}) => element("option", {value: dn}, name))),
            ...this.#buttons.values(),
            problem.node);
    }

    /**
     * @param {Set<string>} can
     * @returns {boolean} whether anything can be done
     */
    update(can) {
        for (const [operation, button] of this.#buttons) {
            button.hidden = !can.has(operation);
        }
        const possible = this.#first() !== undefined;
        if (!possible) {
            this.node.hidden = true;
        }
        return possible;
    }

    focus() {
        this.#input.focus();
    }

    /** What the Enter key asks for. */
    #first() {
        return [...this.#buttons.values()].find(({hidden}) => !hidden);
    }
}
