/**
 * What an empty desk shows: whom to call, one press away.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 */
import {Problem, perform} from "./action.js";
import {element} from "./element.js";
import {icon} from "./icon.js";
import {PEOPLE} from "./people.js";

/**
 * @param {AgentSession} session
 * @returns {HTMLElement}
 */
export function quietDesk(session) {
    const problem = new Problem();
    const colleagues = PEOPLE.filter(({user}) => user !== session.agent.user).map(({name, dn}) => {
        const button = element("button", {
            "type": "button", "aria-label": `Call ${name}`, "title": dn,
            "on": {click: () => perform(button, problem, () => session.dial(dn))},
        }, icon("answer"), name);
        return button;
    });
    return element("div", {class: "quiet-desk"},
        element("p", {}, "All quiet. Dial a colleague, or have the outside world call."),
        element("div", {"class": "colleagues", "role": "group", "aria-label": "Colleagues"}, ...colleagues),
        problem.node);
}
