/**
 * The dial line of a desk: a number, or one of the colleagues.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 */
import {Problem, perform} from "./action.js";
import {element, uniqueId} from "./element.js";
import {icon} from "./icon.js";
import {PEOPLE} from "./people.js";

export class DialLine {
    node;
    #input;

    /** @param {AgentSession} session */
    constructor(session) {
        const problem = new Problem();
        const listId = uniqueId("numbers");
        this.#input = element("input", {
            "type": "text", "inputmode": "tel", "list": listId, "placeholder": "Number to dial", "aria-label": "Number to dial",
            "autocomplete": "off", "required": true, "maxlength": "64",
        });
        const button = element("button", {type: "submit", class: "primary"}, icon("answer"), element("span", {}, "Dial"));
        this.node = element("form", {
            "class": "dial",
            "aria-label": "Dial",
            "on": {
                submit: async (event) => {
                    event.preventDefault();
                    if (await perform(button, problem, () => session.dial(this.#input.value.trim()))) {
                        this.#input.value = "";
                    }
                },
            },
        },
            this.#input,
            element("datalist", {id: listId}, ...PEOPLE.filter(({user}) => user !== session.agent.user)
                .map(({dn, name}) => element("option", {value: dn}, name))),
            button,
            problem.node);
    }

    focus() {
        this.#input.focus();
    }
}
