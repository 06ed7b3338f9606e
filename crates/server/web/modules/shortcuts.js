/**
 * Keyboard shortcuts and the dialog that lists them. Single keys, so they can be switched off, and they never fire
 * while somebody types.
 */
import {element, uniqueId} from "./element.js";

const STORED_AS = "encke-desk-shortcuts";

/** @type {ReadonlyArray<{key: string, does: string, name: string}>} */
const SHORTCUTS = [
    {key: "d", name: "dial", does: "Go to the dial line"},
    {key: "a", name: "answer", does: "Answer the call, or accept the SMS"},
    {key: "h", name: "hold", does: "Hold or retrieve"},
    {key: "e", name: "hangup", does: "Hang up"},
    {key: "u", name: "user-data", does: "Add user data"},
    {key: "l", name: "log", does: "Open or close the event log"},
    {key: "1", name: "first", does: "Go to the first desk"},
    {key: "2", name: "second", does: "Go to the second desk"},
    {key: "o", name: "outside", does: "Show or hide the outside world"},
    {key: "?", name: "help", does: "Show this list"},
];

export class Shortcuts {
    dialog;
    #on = localStorage.getItem(STORED_AS) !== "off";

    /** @param {(name: string) => void} onShortcut */
    constructor(onShortcut) {
        const id = uniqueId("shortcuts");
        const titleId = uniqueId("shortcuts");
        const box = element("input", {
            type: "checkbox", id, checked: this.#on,
            on: {change: (event) => this.#switch(event.target.checked)},
        });
        this.dialog = element("dialog", {"aria-labelledby": titleId},
            element("h2", {id: titleId}, "Keyboard shortcuts"),
            element("p", {}, "They act on the desk that was used last."),
            element("dl", {}, ...SHORTCUTS.map(({key, does}) => element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, does)))),
            element("p", {class: "check"}, box, element("label", {for: id}, "Use shortcuts")),
            element("form", {method: "dialog"}, element("button", {class: "primary"}, "Close")));
        document.addEventListener("keydown", (event) => {
            const shortcut = SHORTCUTS.find(({key}) => key === event.key);
            if (!shortcut || !this.#on || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || this.dialog.open) {
                return;
            }
            event.preventDefault();
            onShortcut(shortcut.name);
        });
    }

    open() {
        this.dialog.showModal();
    }

    /** @param {boolean} on */
    #switch(on) {
        this.#on = on;
        localStorage.setItem(STORED_AS, on ? "on" : "off");
    }
}

/** @param {EventTarget | null} target */
function isTyping(target) {
    return target instanceof HTMLElement && (target.isContentEditable
        || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
        || (target instanceof HTMLInputElement && target.type !== "checkbox"));
}
