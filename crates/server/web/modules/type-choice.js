/**
 * Whether what is typed is sent as a string or as JSON.
 */
import {element} from "./element.js";

/**
 * @param {string} label
 * @param {"text" | "json"} chosen
 * @returns {HTMLSelectElement}
 */
export function typeChoice(label, chosen) {
    return element("select", {"aria-label": label, "title": "Text is sent as a string; JSON as it is typed: 42, true, {\"a\":1}"},
        element("option", {value: "text", selected: chosen === "text"}, "Text"),
        element("option", {value: "json", selected: chosen === "json"}, "JSON"));
}

/**
 * @param {HTMLSelectElement} choice
 * @returns {"text" | "json"}
 */
export function typeOf(choice) {
    return choice.value === "json" ? "json" : "text";
}
