/**
 * An interaction that is no call on the desk: what it says about itself, its conversation, what can be done, and its user
 * data. What is particular to a medium is said by its row in media.js.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./media.js").Operation} Operation
 */
import {Problem, iconButton, perform} from "./action.js";
import {CardFrame} from "./card-frame.js";
import {typistsOf} from "./desk-state.js";
import {element, setText} from "./element.js";
import {Line} from "./line.js";
import {isPossible} from "./media.js";
import {OperationForm} from "./operation-form.js";
import {Transcript} from "./transcript.js";
import {Typing, typingOperation} from "./typing.js";
import {UserDataTable} from "./user-data-table.js";

export class InteractionCard {
    node;
    #interaction;
    #frame;
    #problem = new Problem();
    #table;
    /** @type {Array<{operation: Operation, button: HTMLButtonElement}>} */
    #buttons;
    /** @type {OperationForm[]} */
    #forms;
    #facts = element("dl", {class: "facts"});
    #body = element("p", {class: "letter"});
    #shownFacts = "";
    #transcript = new Transcript();
    #composer;
    #typing;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        const {medium} = interaction;
        this.#interaction = interaction;
        this.#buttons = medium.operations.map((operation) => {
            const parameters = operation.parameters?.(session.agent) ?? {};
            return {operation, button: iconButton(operation.icon, operation.label, {class: operation.look}, (button) =>
                perform(button, this.#problem, () => session.operate(interaction, operation.name, parameters)))};
        });
        // One at a time: a card has room for one.
        this.#forms = medium.forms.map((form) => new OperationForm(session, interaction, form, () => this.#forms.forEach((other) => other.close())));
        const text = element("input", {"type": "text", "aria-label": "Message", "placeholder": "Message", "autocomplete": "off", "required": true});
        const send = element("button", {type: "submit", class: "primary"}, "Send");
        const line = new Line([text], this.#problem);
        this.#typing = new Typing(text, (started) => session.tellTyping(interaction, started));
        this.#composer = element("form", {
            class: "composer",
            on: {
                submit: (event) => {
                    event.preventDefault();
                    line.send(send, async ([message]) => {
                        await this.#typing.stop();
                        await session.operate(interaction, medium.writes ?? "", {text: message});
                    });
                },
            },
        }, text, send);
        this.#table = new UserDataTable(session, interaction);
        this.#frame = new CardFrame(session, interaction, [
            element("div", {class: "controls"}, ...this.#buttons.map(({button}) => button), ...this.#forms.map(({button}) => button)),
            ...this.#forms.map(({node}) => node),
            this.#facts,
            this.#body,
            this.#transcript.node,
            this.#transcript.typing,
            this.#composer,
            this.#problem.node,
            this.#table.node,
        ]);
        this.node = this.#frame.node;
        this.update(interaction);
    }

    /** @param {Interaction} interaction */
    update(interaction) {
        const {medium, resource} = interaction;
        this.#interaction = interaction;
        this.#frame.update(interaction, {title: medium.title(interaction), detail: medium.detail(resource), reference: resource.id});
        const can = new Set(resource.capabilities);
        const focused = document.activeElement;
        for (const {operation, button} of this.#buttons) {
            button.hidden = !isPossible(operation, can);
        }
        for (const form of this.#forms) {
            form.update(can);
        }
        const writes = medium.writes !== null && can.has(medium.writes);
        this.#composer.hidden = !writes;
        this.#typing.isAllowed = can.has(typingOperation(true)) && can.has(typingOperation(false));
        if (focused instanceof HTMLElement && !focused.checkVisibility() && this.node.contains(focused)) {
            (writes ? this.#composer.querySelector("input") : this.node)?.focus();
        }
        this.#showFacts(medium.facts(resource), medium.body(resource));
        this.#transcript.show(interaction.transcript);
        this.#table.update(interaction);
        this.tick(Date.now());
    }

    /** @param {number} now */
    tick(now) {
        this.#frame.tick(now);
        this.#transcript.showTyping(typistsOf(this.#interaction, now));
    }

    /** @param {"Answer" | "Hold" | "Hangup" | "UserData"} what */
    shortcut(what) {
        if (what === "UserData") {
            this.#table.focusForm();
            return true;
        }
        const accept = this.#buttons.find(({operation}) => operation.shortcut === "accept")?.button;
        if (what === "Answer" && accept && !accept.hidden) {
            accept.click();
            return true;
        }
        return false;
    }

    dispose() {
        this.#typing.isAllowed = false;
        this.#frame.dispose();
    }

    /**
     * @param {Array<[string, string]>} facts
     * @param {string} body
     */
    #showFacts(facts, body) {
        // Drawn where they differ only, so that a selection is left alone.
        if (this.#shownFacts !== facts.join("\n")) {
            this.#shownFacts = facts.join("\n");
            this.#facts.replaceChildren(...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
        }
        this.#facts.hidden = facts.length === 0;
        setText(this.#body, body);
        this.#body.hidden = body === "";
    }
}
