/**
 * The forms of the panel Outside: each opens and closes by its heading, and says itself why it was refused.
 */
import {Problem, perform} from "./action.js";
import {element} from "./element.js";

/**
 * @param {HTMLElement} node a field that wants the whole line
 * @returns {HTMLElement}
 */
export function wide(node) {
    node.classList.add("wide");
    return node;
}

/**
 * @param {string} title
 * @param {string} action
 * @param {() => Promise<void>} work
 * @param {...HTMLElement} fields
 * @returns {HTMLElement}
 */
export function form(title, action, work, ...fields) {
    const problem = new Problem();
    const button = element("button", {type: "submit"}, action);
    const node = element("form", {
        "aria-label": title,
        "on": {
            submit: (event) => {
                event.preventDefault();
                perform(button, problem, work);
            },
        },
    }, element("div", {class: "fields"}, ...fields), problem.node, button);
    return element("details", {class: "outside-part", open: title === "Call in"}, element("summary", {}, element("h3", {}, title)), node);
}
