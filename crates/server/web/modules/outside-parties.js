/**
 * The customers who are on the line now, each with what they can do: answer, hang up, write, leave.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./media.js").Medium} Medium
 * @typedef {{medium: Medium, id: string, name: string, to: string}} Party
 */
import {Problem, perform} from "./action.js";
import {element, setText} from "./element.js";
import {Line} from "./line.js";
import {CALL} from "./media.js";
import {isColleague} from "./people.js";
import {Refused} from "./rest.js";
import {act} from "./simulator.js";

/** Parties shown; the oldest goes first. */
const SHOWN = 20;

const NOT_FOUND = 6;

export class OutsideParties {
    #list = element("ul", {class: "parties"});
    #nobody = element("p", {class: "parties-nobody"}, "Nobody on the line.");
    node = element("section", {"class": "outside-part", "aria-label": "On the line"}, element("h3", {}, "On the line"), this.#nobody, this.#list);
    /** @type {Map<string, PartyRow>} */
    #rows = new Map();
    /** @type {Set<string>} ids that a desk has shown as ended */
    #ended = new Set();

    /**
     * A party this page started, whether or not a desk shows it.
     *
     * @param {Party} party
     */
    remember(party) {
        if (!this.#rows.has(party.id) && !this.#ended.has(party.id)) {
            const row = new PartyRow(party, () => this.#forget(party.id));
            this.#rows.set(party.id, row);
            this.#list.append(row.node);
            for (const id of [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - SHOWN))) {
                this.#forget(id);
            }
        }
        this.#nobody.hidden = this.#rows.size > 0;
    }

    /** @param {AgentSession[]} sessions of the open desks */
    show(sessions) {
        this.#ended.clear();
        for (const session of sessions) {
            for (const interaction of session.state.list()) {
                const {id, medium, endedAt, resource} = interaction;
                if (endedAt !== null) {
                    this.#ended.add(id);
                    this.#forget(id);
                    continue;
                }
                if (medium.simulated === null) {
                    continue;
                }
                const name = medium === CALL ? outsideNumber(resource) : medium.title(interaction);
                if (name !== null) {
                    this.remember({medium, id, to: session.agent.name, name});
                    this.#rows.get(id)?.show(resource);
                }
            }
        }
    }

    /** @param {string} id */
    #forget(id) {
        this.#rows.get(id)?.node.remove();
        this.#rows.delete(id);
        this.#nobody.hidden = this.#rows.size > 0;
    }
}

/**
 * Who of a call's participants is outside, if anybody is. A number in E.164 form is; others are where the call says that
 * one side is.
 *
 * @param {import("./desk-state.js").Resource} resource
 * @returns {string | null}
 */
function outsideNumber(resource) {
    const participants = resource.participants ?? [];
    const outside = participants.find((/** @type {any} */ {e164Number}) => e164Number !== "")
        ?? (resource.ani === undefined ? undefined : participants.find((/** @type {any} */ {phoneNumber}) => !isColleague(phoneNumber)));
    return outside?.phoneNumber ?? null;
}

/** One customer. */
class PartyRow {
    node;
    #problem = new Problem();
    #line = element("span", {class: "party-line"});
    #answer;
    #party;

    /**
     * @param {Party} party
     * @param {() => void} gone
     */
    constructor(party, gone) {
        this.#party = party;
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
        this.#answer = button("Answer", () => act(party, "Answer"));
        this.#answer.hidden = true;
        this.node = element("li", {data: {id: party.id}},
            element("div", {class: "party"},
                element("div", {class: "party-who"}, element("strong", {}, party.name), this.#line),
                ...(party.medium === CALL
                    ? [this.#answer, button("Hang up", async () => {
                        await act(party, "Hangup");
                        gone();
                    })]
                    : [button("Leave", () => act(party, "Leave"))])),
            party.medium.writes !== null ? messageForm(party, this.#problem) : null,
            this.#problem.node);
        setText(this.#line, party.to);
    }

    /** @param {import("./desk-state.js").Resource} resource */
    show(resource) {
        this.#answer.hidden = !(["Outbound", "Consult"].includes(resource.callType) && resource.state === "Dialing");
        setText(this.#line, `${this.#party.to} \u00b7 ${resource.state}`);
    }
}

/**
 * @param {Party} party
 * @param {Problem} problem
 * @returns {HTMLElement}
 */
function messageForm(party, problem) {
    const text = element("input", {"type": "text", "aria-label": `Message from ${party.name}`, "placeholder": "Message", "autocomplete": "off", "required": true});
    const send = element("button", {type: "submit", class: "small"}, "Send");
    const line = new Line([text], problem);
    return element("form", {
        class: "composer",
        on: {
            submit: (event) => {
                event.preventDefault();
                line.send(send, ([message]) => act(party, "SendMessage", message));
            },
        },
    }, text, send);
}
