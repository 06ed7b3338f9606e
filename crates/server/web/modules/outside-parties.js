/**
 * Those outside who are on the line now, or wait for something they have sent.
 *
 * @typedef {import("./session.js").AgentSession} AgentSession
 * @typedef {import("./media.js").Medium} Medium
 * @typedef {{medium: Medium, id: string, name: string, to: string}} Party
 */
import {element} from "./element.js";
import {CALL} from "./media.js";
import {OutsideParty} from "./outside-party.js";
import {isColleague} from "./people.js";

/** Parties shown; the oldest goes first. */
const SHOWN = 20;

export class OutsideParties {
    #list = element("ul", {class: "parties"});
    #nobody = element("p", {class: "parties-nobody"}, "Nobody on the line.");
    node = element("section", {"class": "outside-part", "aria-label": "On the line"}, element("h3", {}, "On the line"), this.#nobody, this.#list);
    /** @type {Map<string, OutsideParty>} */
    #rows = new Map();
    /** @type {Set<string>} ids that a desk has shown as ended */
    #ended = new Set();

    /**
     * A party this page started, whether or not a desk shows it.
     *
     * @param {Party} party
     */
    remember(party) {
        if (!this.#rows.has(party.id) && !this.#ended.has(party.id)) {
            const row = new OutsideParty(party, () => this.#forget(party.id));
            this.#rows.set(party.id, row);
            this.#list.append(row.node);
            for (const id of [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - SHOWN))) {
                this.#forget(id);
            }
        }
        this.#nobody.hidden = this.#rows.size > 0;
    }

    /** @param {AgentSession[]} sessions of the open desks */
    show(sessions) {
        const shown = sessions.flatMap((session) => session.state.list().map((interaction) => ({interaction, to: session.agent.name})));
        // Where several desks have it, whoever accepted it comes last and is shown.
        const live = shown.filter(({interaction}) => interaction.endedAt === null)
            .sort((a, b) => Number(isOffered(b.interaction)) - Number(isOffered(a.interaction)));
        this.#ended = new Set(shown.map(({interaction}) => interaction.id));
        // What one desk has given away may go on at another.
        live.forEach(({interaction}) => this.#ended.delete(interaction.id));
        this.#ended.forEach((id) => this.#forget(id));
        for (const {interaction, to} of live) {
            const {id, medium, resource} = interaction;
            const name = medium === CALL ? outsideNumber(resource) : medium.title(interaction);
            if (name !== null) {
                this.remember({medium, id, to, name});
                this.#rows.get(id)?.show(resource, to);
            }
        }
    }

    /** @param {string} id */
    #forget(id) {
        this.#rows.get(id)?.node.remove();
        this.#rows.delete(id);
        this.#nobody.hidden = this.#rows.size > 0;
    }
}

/** @param {import("./desk-state.js").Interaction} interaction */
function isOffered({resource}) {
    return resource.capabilities.includes("Accept");
}

/**
 * Who of a call's participants is outside, if anybody is. A number in E.164 form is; others are where the call says that
 * one side is.
 *
 * @param {import("./desk-state.js").Resource} resource
 * @returns {string | null}
 */
function outsideNumber(resource) {
    const participants = resource.participants ?? [];
    const outside = participants.find((/** @type {any} */ {e164Number}) => e164Number !== "")
        ?? (resource.ani === undefined ? undefined : participants.find((/** @type {any} */ {phoneNumber}) => !isColleague(phoneNumber)));
    return outside?.phoneNumber ?? null;
}
