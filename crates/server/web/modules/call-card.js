/**
 * A voice call on the desk: who, in which state, since when, what can be done, and its user data.
 *
 * Which buttons work is said by `capabilities` of the call; muting, which no server is known to list, by its state.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {Problem, iconButton, perform} from "./action.js";
import {CardFrame} from "./card-frame.js";
import {element} from "./element.js";
import {OperationForm} from "./operation-form.js";
import {PEOPLE, nameOfNumber} from "./people.js";
import {UserDataTable} from "./user-data-table.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/**
 * Bringing others onto a call: a number, and what is to become of it. Transfer or add, at once or after asking.
 *
 * @type {import("./operation-form.js").Form}
 */
const OTHERS = {
    label: "Transfer or add",
    icon: "others",
    field: "Number of somebody else",
    placeholder: "Number",
    input: {inputmode: "tel"},
    suggestions: ({user}) => PEOPLE.filter((person) => person.user !== user).map(({dn, name}) => ({value: dn, label: name})),
    ways: [
        {name: "InitiateTransfer", label: "Ask, then transfer"},
        {name: "SingleStepTransfer", label: "Transfer now"},
        {name: "InitiateConference", label: "Ask, then add"},
        {name: "SingleStepConference", label: "Add now"},
    ],
    parameters: (phoneNumber) => ({destination: {phoneNumber}}),
};

export class CallCard {
    node;
    #frame;
    #problem = new Problem();
    #table;
    #buttons;
    #keypad;
    #others;
    #remove = element("div", {class: "controls"});
    #session;
    #removable = "";

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        this.#session = session;
        const operation = (/** @type {string} */ name) => (/** @type {HTMLElement} */ button) =>
            perform(button, this.#problem, () => session.operate(interaction, name));
        this.#others = new OperationForm(session, interaction, OTHERS);
        this.#buttons = {
            Answer: iconButton("answer", "Answer", {class: "primary"}, operation("Answer")),
            Hold: iconButton("hold", "Hold", {}, operation("Hold")),
            Retrieve: iconButton("retrieve", "Retrieve", {class: "primary"}, operation("Retrieve")),
            CompleteTransfer: iconButton("leave", "Complete transfer", {class: "primary"}, operation("CompleteTransfer")),
            CompleteConference: iconButton("others", "Complete conference", {class: "primary"}, operation("CompleteConference")),
            SwapCalls: iconButton("swap", "Swap calls", {}, operation("SwapCalls")),
            MuteCall: iconButton("mute", "Mute", {}, operation("MuteCall")),
            UnmuteCall: iconButton("unmute", "Unmute", {class: "primary"}, operation("UnmuteCall")),
            SendDtmf: iconButton("keypad", "Keypad", {}, () => this.#showKeypad(this.#keypad.hidden)),
            Others: this.#others.button,
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
            this.#others.node,
            this.#remove,
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
        // Muting is in no list of any known server, and possible on every call that was answered.
        if (can.has("Hangup") && resource.state !== "Dialing") {
            can.add(resource.mute === "On" ? "UnmuteCall" : "MuteCall");
            can.delete(resource.mute === "On" ? "MuteCall" : "UnmuteCall");
        }
        const focused = document.activeElement;
        for (const [name, button] of Object.entries(this.#buttons)) {
            button.hidden = !can.has(name);
        }
        this.#others.update(can);
        if (this.#buttons.SendDtmf.hidden) {
            this.#showKeypad(false);
        }
        this.#showRemovable(interaction, can.has("RemoveParticipantFromConference"));
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

    /**
     * @param {Interaction} interaction
     * @param {boolean} possible
     */
    #showRemovable(interaction, possible) {
        const numbers = possible ? numbersOf(interaction) : [];
        if (numbers.join() === this.#removable) {
            return;
        }
        this.#removable = numbers.join();
        this.#remove.replaceChildren(...numbers.map((number) =>
            iconButton("close", `Remove ${nameOfNumber(number).title}`, {}, (button) => perform(button, this.#problem, () =>
                this.#session.operate(interaction, "RemoveParticipantFromConference", {participant: number})))));
    }

    /** @param {boolean} shown */
    #showKeypad(shown) {
        this.#keypad.hidden = !shown;
        this.#buttons.SendDtmf.setAttribute("aria-expanded", String(shown));
    }
}

/**
 * The other side of a call, as a name and a number.
 *
 * @param {Interaction} interaction
 * @returns {{title: string, detail: string}}
 */
export function partyOf(interaction) {
    const numbers = numbersOf(interaction);
    if (numbers.length === 1) {
        return nameOfNumber(numbers[0]);
    }
    return {title: numbers.map((/** @type {string} */ number) => nameOfNumber(number).title).join(", ") || "Nobody else", detail: ""};
}

/**
 * @param {Interaction} interaction
 * @returns {string[]}
 */
function numbersOf(interaction) {
    return (interaction.resource.participants ?? [])
        .map((/** @type {any} */ participant) => participant.formattedPhoneNumber || participant.phoneNumber);
}
