/**
 * An SMS session on the desk: the conversation, what can be done, and its user data.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./desk-state.js").TranscriptEntry} TranscriptEntry
 */
import {Problem, iconButton, perform} from "./action.js";
import {CardFrame} from "./card-frame.js";
import {element} from "./element.js";
import {Line} from "./line.js";
import {UserDataTable} from "./user-data-table.js";

/** Transcript entries that are not text, in words. */
const NOTICES = {ParticipantJoined: "joined", ParticipantLeft: "left", ParticipantRejoined: "came back"};

export class SmsCard {
    node;
    #frame;
    #problem = new Problem();
    #table;
    #buttons;
    #transcript = element("ol", {"class": "transcript", "role": "log", "aria-label": "Conversation", "tabindex": "0"});
    #composer;
    #lastIndex = -1;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        const operation = (/** @type {string} */ name, parameters = {}) => (/** @type {HTMLElement} */ button) =>
            perform(button, this.#problem, () => session.operate(interaction, name, parameters));
        this.#buttons = {
            Accept: iconButton("answer", "Accept", {class: "primary"}, operation("Accept", {nickname: session.agent.name})),
            Reject: iconButton("hangup", "Reject", {class: "danger"}, operation("Reject")),
            Leave: iconButton("leave", "Leave", {}, operation("Leave")),
            Complete: iconButton("done", "Complete", {}, operation("Complete")),
        };
        const text = element("input", {"type": "text", "aria-label": "Message", "placeholder": "Message", "autocomplete": "off", "required": true});
        const send = element("button", {type: "submit", class: "primary"}, "Send");
        const line = new Line([text], this.#problem);
        this.#composer = element("form", {
            class: "composer",
            on: {
                submit: (event) => {
                    event.preventDefault();
                    line.send(send, ([message]) => session.operate(interaction, "SendMessage", {text: message}));
                },
            },
        }, text, send);
        this.#table = new UserDataTable(session, interaction);
        this.#frame = new CardFrame(session, interaction, [
            element("div", {class: "controls"}, ...Object.values(this.#buttons)),
            this.#transcript,
            this.#composer,
            this.#problem.node,
            this.#table.node,
        ]);
        this.node = this.#frame.node;
        this.update(interaction);
    }

    /** @param {Interaction} interaction */
    update(interaction) {
        const {resource} = interaction;
        this.#frame.update(interaction, {title: customerOf(interaction), detail: ["SMS"], reference: resource.id});
        const can = new Set(resource.capabilities);
        const focused = document.activeElement;
        for (const [name, button] of Object.entries(this.#buttons)) {
            button.hidden = !can.has(name);
        }
        this.#composer.hidden = !can.has("SendMessage");
        if (focused instanceof HTMLElement && focused.hidden && this.node.contains(focused)) {
            (can.has("SendMessage") ? this.#composer.querySelector("input") : this.node)?.focus();
        }
        this.#showTranscript(interaction.transcript);
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
        if (what === "Answer" && !this.#buttons.Accept.hidden) {
            this.#buttons.Accept.click();
            return true;
        }
        return false;
    }

    dispose() {
        this.#frame.dispose();
    }

    /** @param {TranscriptEntry[]} transcript */
    #showTranscript(transcript) {
        this.#transcript.hidden = transcript.length === 0;
        const newest = transcript.at(-1)?.index ?? -1;
        // Entries may arrive out of order between the GET and the events: draw anew unless they only grew at the end.
        const grown = transcript.filter(({index}) => index > this.#lastIndex);
        const kept = this.#transcript.childElementCount + grown.length === transcript.length;
        this.#transcript.append(...(kept ? grown : []).map(line));
        if (!kept) {
            this.#transcript.replaceChildren(...transcript.map(line));
        }
        if (newest !== this.#lastIndex || !kept) {
            this.#transcript.scrollTop = this.#transcript.scrollHeight;
        }
        this.#lastIndex = newest;
    }
}

/**
 * @param {Interaction} interaction
 * @returns {string} the customer's name, also after the customer left
 */
export function customerOf(interaction) {
    const isCustomer = (/** @type {any} */ who) => who?.type === "Customer" && who.nickname;
    const customer = (interaction.resource.participants ?? []).find(isCustomer)
        ?? interaction.transcript.map(({from}) => from).find(isCustomer);
    return customer?.nickname ?? "SMS";
}

/**
 * @param {TranscriptEntry} entry
 * @returns {HTMLElement}
 */
function line(entry) {
    const who = entry.from?.nickname ?? "";
    if (entry.type !== "Text") {
        const word = NOTICES[/** @type {keyof NOTICES} */ (entry.type)] ?? entry.type;
        return element("li", {class: "notice"}, `${who} ${word}`.trim());
    }
    return element("li", {data: {from: entry.from?.type ?? ""}},
        element("span", {class: "said-by"}, who),
        element("span", {class: "said"}, entry.text ?? ""));
}
