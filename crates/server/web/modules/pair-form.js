/**
 * The line below the user-data table that attaches a new pair, or updates a pair by its key.
 *
 * @typedef {import("./action.js").Problem} Problem
 */
import {element} from "./element.js";
import {Line} from "./line.js";
import {typeChoice} from "./type-choice.js";
import {valueAsJson} from "./user-data.js";

export class PairForm {
    node;
    #key = element("input", {"type": "text", "placeholder": "Key", "aria-label": "Key", "autocomplete": "off", "required": true});
    #value = element("input", {"type": "text", "placeholder": "Value", "aria-label": "Value", "autocomplete": "off"});
    #type = typeChoice("Type of the value", "text");
    #attach = element("button", {type: "submit", class: "small", title: "Attach: adds the pair even if the key exists", value: "AttachUserData"}, "Attach");
    #update = element("button", {type: "submit", class: "small", title: "Update: replaces the value if the key exists", value: "UpdateUserData"}, "Update");

    /**
     * @param {(operation: "AttachUserData" | "UpdateUserData", key: string, json: string) => Promise<void>} put
     * @param {Problem} problem
     */
    constructor(put, problem) {
        const line = new Line([this.#key, this.#value, this.#type], problem);
        this.node = element("form", {
            "class": "pair-form",
            "aria-label": "Attach or update user data",
            "on": {
                submit: (event) => {
                    event.preventDefault();
                    const button = /** @type {HTMLButtonElement} */ (event.submitter ?? this.#attach);
                    line.send(button, async ([key = "", value = "", type]) => put(
                        /** @type {"AttachUserData" | "UpdateUserData"} */ (button.value),
                        key.trim(), valueAsJson(value, type === "json" ? "json" : "text")));
                },
            },
        }, this.#key, this.#value, this.#type, this.#attach, this.#update);
    }

    /** @param {string[]} capabilities */
    allow(capabilities) {
        this.#attach.disabled = !capabilities.includes("AttachUserData");
        this.#update.disabled = !capabilities.includes("UpdateUserData");
        this.node.hidden = this.#attach.disabled && this.#update.disabled;
    }

    focus() {
        this.#key.focus();
    }
}
