/**
 * Buttons and forms that ask the server for something: one request at a time, the refusal shown where it was asked.
 */
import {element} from "./element.js";
import {icon} from "./icon.js";
import {Refused} from "./rest.js";

/**
 * Where refusals of a card or form are shown.
 */
export class Problem {
    node = element("p", {class: "problem", role: "alert", hidden: true});

    clear() {
        this.node.hidden = true;
        this.node.textContent = "";
    }

    /** @param {unknown} error */
    show(error) {
        this.node.textContent = error instanceof Refused && error.statusCode > 0
            ? `${error.message} (status ${error.statusCode})`
            : error instanceof Error ? error.message : String(error);
        this.node.hidden = false;
    }
}

/**
 * Runs a request for a control. While it runs the control is marked busy and further clicks are ignored; it keeps the
 * focus, unlike a disabled one.
 *
 * @param {HTMLElement} control
 * @param {Problem} problem
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether it was done
 */
export async function perform(control, problem, work) {
    if (control.getAttribute("aria-busy") === "true") {
        return false;
    }
    control.setAttribute("aria-busy", "true");
    try {
        await work();
        problem.clear();
        return true;
    } catch (error) {
        problem.show(error);
        return false;
    } finally {
        control.removeAttribute("aria-busy");
    }
}

/**
 * @param {Parameters<typeof icon>[0]} iconName
 * @param {string} label the accessible name; also the text unless `bare`
 * @param {{class?: string, bare?: boolean, data?: Record<string, string>}} options
 * @param {(button: HTMLButtonElement) => void} onClick
 * @returns {HTMLButtonElement}
 */
export function iconButton(iconName, label, options, onClick) {
    const button = element("button", {
        "type": "button",
        "class": options.bare ? `bare ${options.class ?? ""}` : options.class,
        "aria-label": options.bare ? label : undefined,
        "title": options.bare ? label : undefined,
        "data": options.data ?? {},
        "on": {click: () => onClick(button)},
    }, icon(iconName), options.bare ? null : element("span", {}, label));
    return button;
}
