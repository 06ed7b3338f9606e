/**
 * What cards of every medium share: the orb, title, state, timer, reference and the way off the desk.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {iconButton} from "./action.js";
import {clockText, isoDuration} from "./duration.js";
import {element, setText, uniqueId} from "./element.js";
import {orb} from "./icon.js";

/** How states read on a card; others are shown as they are. */
const STATE_WORDS = {LeftChat: "Left", InWorkbin: "In workbin"};

export class CardFrame {
    node;
    #title;
    #state = element("span", {class: "state"});
    #detail = element("span", {class: "card-detail"});
    #timer = element("time", {class: "timer"});
    #reference = element("code");
    #interaction;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     * @param {HTMLElement[]} content
     */
    constructor(session, interaction, content) {
        this.#interaction = interaction;
        const titleId = uniqueId("card");
        this.#title = element("h3", {id: titleId});
        this.node = element("article", {
            "class": "card", "tabindex": "-1", "aria-labelledby": titleId,
            "data": {id: interaction.id, medium: interaction.medium.key},
        },
            element("header", {class: "card-head"},
                orb(),
                element("div", {class: "card-who"},
                    this.#title,
                    element("p", {class: "card-line"}, this.#state, this.#detail)),
                element("div", {class: "card-when"}, this.#timer,
                    iconButton("close", "Clear from the desk", {bare: true, class: "dismiss"}, () => session.dismiss(interaction.id)))),
            ...content,
            element("footer", {class: "card-foot"}, `${interaction.medium.reference} `, this.#reference));
    }

    /**
     * @param {Interaction} interaction
     * @param {{title: string, detail: string[], reference: string}} text
     */
    update(interaction, text) {
        this.#interaction = interaction;
        const {state} = interaction.resource;
        this.node.dataset.state = interaction.endedUnseen ? "Released" : state;
        this.node.classList.toggle("ended", interaction.endedAt !== null);
        setText(this.#title, text.title);
        setText(this.#state, interaction.endedUnseen ? "Ended while away" : STATE_WORDS[/** @type {keyof STATE_WORDS} */ (state)] ?? state);
        setText(this.#detail, text.detail.join(" \u00b7 "));
        setText(this.#reference, text.reference);
        this.tick(Date.now());
    }

    /** @param {number} now */
    tick(now) {
        const elapsed = (this.#interaction.endedAt ?? now) - this.#interaction.startedAt;
        setText(this.#timer, clockText(elapsed));
        this.#timer.setAttribute("datetime", isoDuration(elapsed));
    }

    dispose() {
        this.node.remove();
    }
}
