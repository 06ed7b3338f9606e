/**
 * An interaction that is no call on the desk: its conversation, what can be done, and its user data. What is particular
 * to a medium is said by its row in media.js.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./media.js").Operation} Operation
 */
import {Problem, iconButton, perform} from "./action.js";
import {CardFrame} from "./card-frame.js";
import {element} from "./element.js";
import {Line} from "./line.js";
import {Transcript} from "./transcript.js";
import {UserDataTable} from "./user-data-table.js";

export class InteractionCard {
    node;
    #frame;
    #problem = new Problem();
    #table;
    /** @type {Array<{operation: Operation, button: HTMLButtonElement}>} */
    #buttons;
    #transcript = new Transcript();
    #composer;

    /**
     * @param {AgentSession} session
     * @param {Interaction} interaction
     */
    constructor(session, interaction) {
        const {medium} = interaction;
        this.#buttons = medium.operations.map((operation) => {
            const parameters = operation.parameters?.(session.agent) ?? {};
            return {operation, button: iconButton(operation.icon, operation.label, {class: operation.look}, (button) =>
                perform(button, this.#problem, () => session.operate(interaction, operation.name, parameters)))};
        });
        const text = element("input", {"type": "text", "aria-label": "Message", "placeholder": "Message", "autocomplete": "off", "required": true});
        const send = element("button", {type: "submit", class: "primary"}, "Send");
        const line = new Line([text], this.#problem);
        this.#composer = element("form", {
            class: "composer",
            on: {
                submit: (event) => {
                    event.preventDefault();
                    line.send(send, ([message]) => session.operate(interaction, medium.writes ?? "", {text: message}));
                },
            },
        }, text, send);
        this.#table = new UserDataTable(session, interaction);
        this.#frame = new CardFrame(session, interaction, [
            element("div", {class: "controls"}, ...this.#buttons.map(({button}) => button)),
            this.#transcript.node,
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
        this.#frame.update(interaction, {title: medium.title(interaction), detail: medium.detail(resource), reference: resource.id});
        const can = new Set(resource.capabilities);
        const focused = document.activeElement;
        for (const {operation, button} of this.#buttons) {
            button.hidden = !can.has(operation.name);
        }
        const writes = medium.writes !== null && can.has(medium.writes);
        this.#composer.hidden = !writes;
        if (focused instanceof HTMLElement && focused.hidden && this.node.contains(focused)) {
            (writes ? this.#composer.querySelector("input") : this.node)?.focus();
        }
        this.#transcript.show(interaction.transcript);
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
        const accept = this.#buttons.find(({operation}) => operation.shortcut === "accept")?.button;
        if (what === "Answer" && accept && !accept.hidden) {
            accept.click();
            return true;
        }
        return false;
    }

    dispose() {
        this.#frame.dispose();
    }
}
