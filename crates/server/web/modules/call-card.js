/**
 * A voice call on the desk: who, in which state, since when, what can be done, and its user data.
 *
 * Which buttons work is said by `capabilities` of the call and by nothing else.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {Problem, iconButton, perform} from "./action.js";
import {CardFrame} from "./card-frame.js";
import {element} from "./element.js";
import {nameOfNumber} from "./people.js";
import {UserDataTable} from "./user-data-table.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export class CallCard {
    node;
    #frame;
    #problem = new Problem();
    #table;
    #buttons;
    #keypad;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        const operation = (/** @type {string} */ name) => (/** @type {HTMLElement} */ button) =>
            perform(button, this.#problem, () => session.operate(interaction, name));
        this.#buttons = {
            Answer: iconButton("answer", "Answer", {class: "primary"}, operation("Answer")),
            Hold: iconButton("hold", "Hold", {}, operation("Hold")),
            Retrieve: iconButton("retrieve", "Retrieve", {class: "primary"}, operation("Retrieve")),
            SendDtmf: iconButton("keypad", "Keypad", {}, (button) => this.#toggleKeypad(button)),
            Hangup: iconButton("hangup", "Hang up", {class: "danger"}, operation("Hangup")),
        };
        this.#buttons.SendDtmf.setAttribute("aria-expanded", "false");
        this.#keypad = element("div", {"class": "keypad", "role": "group", "aria-label": "Keypad", "hidden": true},
            ...KEYS.map((key) => {
                const button = element("button", {
                    "type": "button",
                    "aria-label": `Send tone ${key}`,
                    "on": {click: () => perform(button, this.#problem, () => session.operate(interaction, "SendDtmf", {digits: key}))},
                }, key);
                return button;
            }));
        this.#table = new UserDataTable(session, interaction);
        this.#frame = new CardFrame(session, interaction, [
            element("div", {class: "controls"}, ...Object.values(this.#buttons)),
            this.#keypad,
            this.#problem.node,
            this.#table.node,
        ]);
        this.node = this.#frame.node;
        this.update(interaction);
    }

    /** @param {Interaction} interaction */
    update(interaction) {
        const {resource} = interaction;
        const other = partyOf(interaction);
        this.#frame.update(interaction, {
            title: other.title,
            detail: [other.detail, resource.callType].filter(Boolean),
            reference: resource.connId ?? resource.id,
        });
        const can = new Set(resource.capabilities);
        const {Answer, Hold, Retrieve, SendDtmf, Hangup} = this.#buttons;
        const focused = document.activeElement;
        Answer.hidden = !can.has("Answer");
        Hold.hidden = !can.has("Hold");
        Retrieve.hidden = !can.has("Retrieve");
        SendDtmf.hidden = !can.has("SendDtmf");
        Hangup.hidden = !can.has("Hangup");
        if (SendDtmf.hidden) {
            this.#keypad.hidden = true;
            SendDtmf.setAttribute("aria-expanded", "false");
        }
        if (focused instanceof HTMLElement && focused.hidden && this.node.contains(focused)) {
            (Object.values(this.#buttons).find((button) => !button.hidden) ?? this.node).focus();
        }
        this.#table.update(interaction);
    }

    /** @param {number} now */
    tick(now) {
        this.#frame.tick(now);
    }

    /** @param {"Answer" | "Hold" | "Hangup" | "UserData"} what */
    shortcut(what) {
        if (what === "UserData") {
            this.#table.focusForm();
            return true;
        }
        const candidates = what === "Hold" ? [this.#buttons.Hold, this.#buttons.Retrieve] : [this.#buttons[what]];
        const button = candidates.find((candidate) => !candidate.hidden);
        button?.click();
        return button !== undefined;
    }

    dispose() {
        this.#frame.dispose();
    }

    /** @param {HTMLElement} button */
    #toggleKeypad(button) {
        this.#keypad.hidden = !this.#keypad.hidden;
        button.setAttribute("aria-expanded", String(!this.#keypad.hidden));
    }
}

/**
 * The other side of a call, as a name and a number.
 *
 * @param {Interaction} interaction
 * @returns {{title: string, detail: string}}
 */
export function partyOf(interaction) {
    const numbers = (interaction.resource.participants ?? [])
        .map((/** @type {any} */ participant) => participant.formattedPhoneNumber || participant.phoneNumber);
    if (numbers.length === 1) {
        return nameOfNumber(numbers[0]);
    }
    return {title: numbers.map((/** @type {string} */ number) => nameOfNumber(number).title).join(", ") || "Nobody else", detail: ""};
}
