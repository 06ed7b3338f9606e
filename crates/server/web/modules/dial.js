/**
 * The dial line of a desk: a number, or one of the colleagues.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 */
import {Problem} from "./action.js";
import {element, uniqueId} from "./element.js";
import {icon} from "./icon.js";
import {Line} from "./line.js";
import {PEOPLE} from "./people.js";

export class DialLine {
    node;
    #input;
    #problem = new Problem();

    /** @param {AgentSession} session */
    constructor(session) {
        const listId = uniqueId("numbers");
        this.#input = element("input", {
            "type": "text", "inputmode": "tel", "list": listId, "placeholder": "Number to dial", "aria-label": "Number to dial",
            "autocomplete": "off", "required": true, "maxlength": "64",
        });
        const button = element("button", {type: "submit", class: "primary"}, icon("answer"), element("span", {}, "Dial"));
        const line = new Line([this.#input], this.#problem);
        this.node = element("form", {
            "class": "dial",
            "aria-label": "Dial",
            "on": {
                submit: (event) => {
                    event.preventDefault();
                    line.send(button, ([number = ""]) => session.dial(number.trim()));
                },
            },
        },
            this.#input,
            element("datalist", {id: listId}, ...PEOPLE.filter(({user}) => user !== session.agent.user)
                .map(({dn, name}) => element("option", {value: dn}, name))),
            button,
            this.#problem.node);
    }

    /**
     * Shows why a call that was dialled came to nothing, until the next one is dialled.
     *
     * @param {string} text
     */
    fail(text) {
        this.#problem.show(text);
    }

    focus() {
        this.#input.focus();
    }
}
