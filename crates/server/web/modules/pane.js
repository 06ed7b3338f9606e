/**
 * One desk on the page: signs its agent in, shows the cards, and says aloud what happens.
 *
 * @typedef {import("./desk-state.js").Interaction} Interaction
 */
import {Problem, iconButton, perform} from "./action.js";
import {AgentStateSwitch} from "./agent-state.js";
import {announce} from "./announce.js";
import {CallCard, partyOf} from "./call-card.js";
import {ConnectionPill} from "./connection-pill.js";
import {DialLine} from "./dial.js";
import {element, field, setText, uniqueId} from "./element.js";
import {EventLog} from "./event-log.js";
import {InteractionCard} from "./interaction-card.js";
import {CALL} from "./media.js";
import {DEMO_PASSWORD, nameOfUser} from "./people.js";
import {quietDesk} from "./quiet-desk.js";
import {AgentSession} from "./session.js";
import {readableValue} from "./user-data.js";

export class Pane {
    node;
    user;
    /** @type {AgentSession | null} */
    session = null;
    #onOpen;
    #title;
    #number = element("span", {class: "pane-number"});
    #initial;
    #pill = new ConnectionPill();
    #content = element("div", {class: "pane-content"});
    #cards = element("div", {class: "cards"});
    /** @type {HTMLElement | null} */
    #quiet = null;
    /** @type {Map<string, CallCard | InteractionCard>} */
    #views = new Map();
    /** @type {Map<string, string>} last state said aloud, by interaction */
    #said = new Map();
    /** @type {DialLine | null} */
    #dial = null;
    #log;
    /** @type {AgentStateSwitch | null} */
    #switch = null;
    #closed = false;

    /**
     * @param {string} user
     * @param {{onOpen: (session: AgentSession) => void, onClose: () => void}} listener
     */
    constructor(user, listener) {
        this.user = user;
        this.#onOpen = listener.onOpen;
        const titleId = uniqueId("pane");
        this.#title = element("h2", {id: titleId}, nameOfUser(user));
        this.#initial = element("span", {"class": "avatar", "aria-hidden": "true"}, nameOfUser(user).charAt(0));
        this.#log = new EventLog(user);
        this.node = element("section", {"class": "pane", "aria-labelledby": titleId, "data": {user}},
            element("header", {class: "pane-head"},
                this.#initial,
                element("div", {class: "pane-who"}, this.#title, this.#number),
                this.#pill.node,
                iconButton("close", `Close the desk of ${nameOfUser(user)}`, {bare: true}, listener.onClose)),
            this.#content,
            this.#log.node);
        this.signIn(DEMO_PASSWORD);
    }

    /** @param {string} password */
    async signIn(password) {
        const session = new AgentSession(this.user, password);
        session.addEventListener("log", (event) => this.#log.add(/** @type {CustomEvent} */ (event).detail));
        session.addEventListener("connection", (event) => this.#showConnection(/** @type {CustomEvent} */ (event).detail));
        session.addEventListener("interaction", (event) => this.#handleInteraction(/** @type {CustomEvent} */ (event).detail));
        session.addEventListener("desk", () => this.#showDesk());
        session.addEventListener("agent", () => this.#switch?.update());
        session.addEventListener("failure", (event) => this.#dial?.fail(/** @type {CustomEvent} */ (event).detail));
        this.#pill.update(session.connection);
        try {
            await session.open();
        } catch (error) {
            if (!this.#closed) {
                this.#askPassword(error);
            }
            return;
        }
        if (this.#closed) {
            return;
        }
        this.session = session;
        const {name, dn} = session.agent;
        setText(this.#title, name);
        setText(this.#initial, name.charAt(0));
        setText(this.#number, dn);
        this.#switch = new AgentStateSwitch(session);
        this.#pill.node.before(this.#switch.node);
        this.#dial = new DialLine(session);
        this.#quiet = quietDesk(session);
        this.#content.replaceChildren(this.#dial.node, this.#quiet, this.#cards);
        this.#showDesk();
        this.#onOpen(session);
    }

    close() {
        this.#closed = true;
        this.session?.close();
        this.node.remove();
    }

    /** @param {number} now */
    tick(now) {
        for (const view of this.#views.values()) {
            view.tick(now);
        }
    }

    focusDial() {
        this.#dial?.focus();
    }

    toggleLog() {
        this.#log.toggle();
    }

    /**
     * Does it on the card that has the focus, else on the newest one where it can be done.
     *
     * @param {"Answer" | "Hold" | "Hangup" | "UserData"} what
     */
    shortcut(what) {
        const views = [...this.#views.values()].filter(({node}) => !node.classList.contains("ended"));
        const focused = views.filter(({node}) => node.contains(document.activeElement));
        const inOrder = (this.session?.state.list() ?? []).map(({id}) => this.#views.get(id));
        for (const view of [...focused, ...inOrder]) {
            if (view && views.includes(view) && view.shortcut(what)) {
                return;
            }
        }
    }

    /** @param {import("./session.js").Connection} connection */
    #showConnection(connection) {
        const before = this.#pill.node.dataset.status;
        this.#pill.update(connection);
        if (before === "live" && connection.status === "reconnecting") {
            announce(`${this.user}: connection lost, reconnecting`);
        }
    }

    /** @param {Interaction} interaction */
    #handleInteraction(interaction) {
        this.#say(interaction);
        this.#showDesk();
    }

    #showDesk() {
        if (!this.session || !this.#quiet) {
            return;
        }
        const interactions = this.session.state.list();
        const present = new Set(interactions.map(({id}) => id));
        for (const [id, view] of this.#views) {
            if (!present.has(id)) {
                view.dispose();
                this.#views.delete(id);
                this.#said.delete(id);
            }
        }
        let place = this.#cards.firstElementChild;
        for (const interaction of interactions) {
            let view = this.#views.get(interaction.id);
            if (view) {
                view.update(interaction);
            } else {
                view = interaction.medium === CALL ? new CallCard(this.session, interaction) : new InteractionCard(this.session, interaction);
                this.#views.set(interaction.id, view);
                this.#said.set(interaction.id, this.#said.get(interaction.id) ?? interaction.resource.state);
            }
            // Moving a node takes the focus from it, so only what is out of place is moved.
            if (place === view.node) {
                place = place.nextElementSibling;
            } else {
                this.#cards.insertBefore(view.node, place);
            }
        }
        this.#quiet.hidden = interactions.length > 0;
    }

    /** @param {Interaction} interaction */
    #say(interaction) {
        const {medium} = interaction;
        const who = medium === CALL ? partyOf(interaction).title : medium.title(interaction);
        const {state} = interaction.resource;
        if (this.#said.get(interaction.id) !== state) {
            this.#said.set(interaction.id, state);
            announce(`${this.user}: ${medium.word} ${who}, ${state}`);
        }
        const changesKey = `${interaction.id} changes`;
        if (interaction.changeNumber > 0 && this.#said.get(changesKey) !== String(interaction.changeNumber)) {
            this.#said.set(changesKey, String(interaction.changeNumber));
            for (const [key, change] of interaction.changes) {
                announce(`${this.user}: ${key} ${change.kind}${change.kind === "removed" ? "" : `, ${readableValue(change.after)}`}`);
            }
        }
    }

    /** @param {unknown} error */
    #askPassword(error) {
        const problem = new Problem();
        problem.show(error);
        const password = element("input", {type: "password", autocomplete: "current-password", required: true});
        const button = element("button", {type: "submit", class: "primary"}, "Sign in");
        this.#content.replaceChildren(element("form", {
            class: "sign-in",
            on: {
                submit: (event) => {
                    event.preventDefault();
                    perform(button, problem, () => this.signIn(password.value));
                },
            },
        }, element("p", {}, `Signing in as ${this.user} did not work.`), problem.node, field("Password", password), button));
        this.#pill.update({status: "closed", transport: "", latency: null, recoveries: 0, missed: false});
    }
}
