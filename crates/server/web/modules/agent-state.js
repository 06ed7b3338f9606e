/**
 * The switch in a desk's head: what the agent does, as the server has it, and the choice of something else.
 *
 * It always shows what the server said last; a choice that is refused goes back to that.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {"Offline" | "Ready" | "NotReady" | "AfterCallWork" | "AuxWork"} AgentState
 * @typedef {{state?: string, workMode?: string}} UserState as a device shows it
 */
import {perform, Problem} from "./action.js";
import {announce} from "./announce.js";
import {element} from "./element.js";

/** @type {Record<AgentState, string>} */
const WORDS = {Ready: "Ready", NotReady: "Not ready", AfterCallWork: "After call work", AuxWork: "Other work", Offline: "Offline"};

export class AgentStateSwitch {
    #session;
    #select;
    #problem = new Problem();
    node;

    /** @param {AgentSession} session whose device is known */
    constructor(session) {
        this.#session = session;
        const options = Object.entries(WORDS).map(([value, word]) => element("option", {value}, word));
        this.#select = element("select", {
            "class": "agent-state",
            "aria-label": `State of ${session.agent.name}`,
            "on": {change: () => this.#choose()},
        }, ...options);
        this.node = element("div", {class: "agent-state-line"}, this.#select, this.#problem.node);
        this.update();
    }

    /** Shows what the server said last. */
    update() {
        const state = this.#session.agentState;
        const before = this.#select.dataset.state;
        this.#select.value = state;
        this.#select.dataset.state = state;
        if (before !== undefined && before !== state) {
            announce(`${this.#session.agent.user}: ${WORDS[state]}`);
        }
    }

    async #choose() {
        const chosen = /** @type {AgentState} */ (this.#select.value);
        const done = await perform(this.#select, this.#problem, () => this.#session.setAgentState(chosen));
        if (!done) {
            this.update();
        }
    }
}

/**
 * @param {UserState | undefined} userState
 * @returns {AgentState}
 */
export function agentStateOf(userState) {
    if (userState?.state === "Ready") {
        return "Ready";
    }
    if (userState?.state !== "NotReady") {
        return "Offline";
    }
    const {workMode} = userState;
    return workMode === "AfterCallWork" || workMode === "AuxWork" ? workMode : "NotReady";
}
