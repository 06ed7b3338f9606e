/**
 * One of those outside, with what they can do: answer and hang up; write, send a link and leave; take back what nobody has
 * accepted.
 *
 * @typedef {import("./outside-parties.js").Party} Party
 */
import {Problem, perform} from "./action.js";
import {element, setText} from "./element.js";
import {Line} from "./line.js";
import {CALL} from "./media.js";
import {Refused} from "./rest.js";
import {act, tellTyping} from "./simulator.js";
import {Typing} from "./typing.js";

const NOT_FOUND = 6;

/** The state in which nobody has accepted yet. */
const OFFERED = "Invited";

/** States in which somebody reads what is written. */
const HEARD = [OFFERED, "Chatting"];

export class OutsideParty {
    node;
    #problem = new Problem();
    #line = element("span", {class: "party-line"});
    #answer;
    #revoke;
    #typing;

    /**
     * @param {Party} party
     * @param {() => void} gone
     */
    constructor(party, gone) {
        const customer = party.medium.customer;
        const attempt = (/** @type {HTMLElement} */ button, /** @type {() => Promise<unknown>} */ work) =>
            perform(button, this.#problem, async () => {
                try {
                    await work();
                } catch (error) {
                    if (error instanceof Refused && error.statusCode === NOT_FOUND) {
                        gone();
                    }
                    throw error;
                }
            });
        const button = (/** @type {string} */ text, /** @type {() => Promise<unknown>} */ work) => {
            const node = element("button", {"type": "button", "class": "small", "aria-label": `${text}: ${party.name}`, "on": {click: () => attempt(node, work)}}, text);
            return node;
        };
        const leaves = (/** @type {string} */ text, /** @type {"Hangup" | "Revoke"} */ operation) => button(text, async () => {
            await act(party, operation);
            gone();
        });
        this.#answer = party.medium === CALL ? button("Answer", () => act(party, "Answer")) : null;
        this.#revoke = customer?.revokes ? leaves("Take back", "Revoke") : null;
        if (this.#answer) {
            this.#answer.hidden = true;
        }
        const composer = customer?.talks ? messageForm(party, this.#problem) : null;
        this.#typing = customer?.types ? composer?.typing : undefined;
        this.node = element("li", {data: {id: party.id, medium: party.medium.key}},
            element("div", {class: "party"},
                element("div", {class: "party-who"}, element("strong", {}, party.name), this.#line),
                this.#answer,
                party.medium === CALL ? leaves("Hang up", "Hangup") : null,
                this.#revoke,
                customer?.talks ? button("Leave", () => act(party, "Leave")) : null),
            composer?.node,
            this.#problem.node);
        setText(this.#line, party.to);
    }

    /**
     * @param {import("./desk-state.js").Resource} resource as a desk has it
     * @param {string} to whose desk it is
     */
    show(resource, to) {
        if (this.#answer) {
            this.#answer.hidden = !(["Outbound", "Consult"].includes(resource.callType) && resource.state === "Dialing");
        }
        if (this.#revoke) {
            this.#revoke.hidden = resource.state !== OFFERED;
        }
        if (this.#typing) {
            this.#typing.isAllowed = HEARD.includes(resource.state);
        }
        setText(this.#line, `${to} \u00b7 ${resource.state}`);
    }
}

/**
 * @param {Party} party
 * @param {Problem} problem
 * @returns {{node: HTMLElement, typing: Typing}}
 */
function messageForm(party, problem) {
    const {types, links} = party.medium.customer ?? {};
    const text = element("input", {"type": "text", "aria-label": `Message from ${party.name}`, "placeholder": links ? "Message or https://" : "Message", "autocomplete": "off", "required": true});
    const send = element("button", {type: "submit", class: "small"}, "Send");
    const line = new Line([text], problem);
    const typing = new Typing(text, (started) => tellTyping(party.id, started));
    typing.isAllowed = types === true;
    const node = element("form", {
        class: "composer",
        on: {
            submit: (event) => {
                event.preventDefault();
                line.send(send, async ([message = ""]) => {
                    await typing.stop();
                    await (links && /^https?:\/\/\S+$/.test(message)
                        ? act(party, "SendUrl", {url: message})
                        : act(party, "SendMessage", {text: message}));
                });
            },
        },
    }, text, send);
    return {node, typing};
}
