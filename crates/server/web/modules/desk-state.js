/**
 * What one agent has on the desk: calls and interactions of other media, as the last message about each of them left it.
 *
 * Owns the rule by which notifications and a snapshot (GET) become one truth; knows nothing of the network and of the
 * page. Pure apart from its own maps: time comes in as an argument.
 *
 * Why events beat the snapshot: the desk subscribes first and reads afterwards. An event that arrives while the GET
 * is under way is either newer than the snapshot, or older and then followed by every later event. So whatever an
 * event touched since the GET began stays as the events say.
 *
 * @typedef {import("./user-data.js").UserData} UserData
 * @typedef {import("./user-data.js").PairChange} PairChange
 * @typedef {{id: string, state: string, capabilities: string[], userData?: UserData} & Record<string, any>} Resource
 * @typedef {{index: number, text?: string, type: string, from?: {nickname?: string, type?: string, participantId?: string}} & Record<string, any>} TranscriptEntry
 * @typedef {import("./media.js").Medium} Medium
 *
 * @typedef {object} Interaction
 * @property {Medium} medium
 * @property {string} id
 * @property {Resource} resource the last whole resource the server sent
 * @property {number} startedAt when its duration was 0, in ms of the clock that is passed in
 * @property {number | null} endedAt
 * @property {boolean} endedUnseen it was gone when the desk came back; nobody told how it ended
 * @property {Map<string, PairChange>} changes what the last change of user data did
 * @property {number} changeNumber counts changes, so that a view shows each one once
 * @property {TranscriptEntry[]} transcript by index; empty where the medium has none
 * @property {Map<string, {name: string, since: number}>} typists who is writing, by `participantId`; see `typistsOf`
 */
import {resourceOf, transcriptIdOf} from "./media.js";
import {compareUserData} from "./user-data.js";

/** Ended interactions that stay on the desk; the oldest goes first. */
const ENDED_KEPT = 3;

/** Transcript entries kept for one session; the server bounds it too. */
const TRANSCRIPT_KEPT = 500;

/** Who began to write and neither wrote nor stopped for so long has gone. */
const TYPING_BELIEVED_MS = 20_000;

export class DeskState {
    /** @type {Map<string, Interaction>} */
    #interactions = new Map();
    /** @type {Set<string> | null} ids that events touched since the snapshot was asked for */
    #touched = null;

    /** @returns {Interaction[]} newest first, ended ones last */
    list() {
        return [...this.#interactions.values()].sort((a, b) =>
            Number(a.endedAt !== null) - Number(b.endedAt !== null) || b.startedAt - a.startedAt);
    }

    /**
     * @param {string} id
     * @returns {Interaction | undefined}
     */
    get(id) {
        return this.#interactions.get(id);
    }

    /** Call before the GETs of a recovery are sent. */
    beginSnapshot() {
        this.#touched = new Set();
    }

    /**
     * Takes the answers of the GETs: what is new appears, what is gone has ended, what events touched stays.
     *
     * @param {Array<{medium: Medium, resource: Resource}>} resources
     * @param {number} now
     */
    applySnapshot(resources, now) {
        const touched = this.#touched ?? new Set();
        this.#touched = null;
        const present = new Set();
        for (const {medium, resource} of resources) {
            present.add(resource.id);
            if (!touched.has(resource.id)) {
                this.#put(medium, resource, now);
            }
        }
        for (const interaction of this.#interactions.values()) {
            if (interaction.endedAt === null && !present.has(interaction.id) && !touched.has(interaction.id)) {
                interaction.endedAt = now;
                interaction.endedUnseen = true;
                interaction.resource = {...interaction.resource, capabilities: []};
            }
        }
        this.#forgetOldest();
    }

    /**
     * Takes the `data` of a notification.
     *
     * @param {Record<string, any>} data
     * @param {number} now
     * @returns {Interaction | null} what it was about, if it was about something on the desk
     */
    applyNotification(data, now) {
        const found = resourceOf(data);
        if (found) {
            return this.#putFromEvent(found.medium, found.resource, now);
        }
        const id = transcriptIdOf(data);
        return id === null ? null : this.addMessages(id, data.messages, now);
    }

    /**
     * Adds entries of a transcript, each index once. That somebody is writing is none: it has the index of what comes
     * next, and is over when that has come.
     *
     * @param {string} id
     * @param {TranscriptEntry[]} messages
     * @param {number} now
     * @returns {Interaction | null}
     */
    addMessages(id, messages, now) {
        const interaction = this.#interactions.get(id);
        if (!interaction || !Array.isArray(messages)) {
            return null;
        }
        const byIndex = new Map(interaction.transcript.map((message) => [message.index, message]));
        for (const message of messages) {
            const who = message.from?.participantId ?? "";
            if (message.type === "TypingStarted") {
                interaction.typists.set(who, {name: message.from?.nickname ?? "", since: now});
                continue;
            }
            interaction.typists.delete(who);
            if (message.type !== "TypingStopped") {
                byIndex.set(message.index, message);
            }
        }
        interaction.transcript = [...byIndex.values()].sort((a, b) => a.index - b.index).slice(-TRANSCRIPT_KEPT);
        return interaction;
    }

    /**
     * Takes an ended interaction off the desk.
     *
     * @param {string} id
     */
    dismiss(id) {
        if (this.#interactions.get(id)?.endedAt !== null) {
            this.#interactions.delete(id);
        }
    }

    /**
     * @param {Medium} medium
     * @param {Resource} resource
     * @param {number} now
     */
    #putFromEvent(medium, resource, now) {
        this.#touched?.add(resource.id);
        const interaction = this.#put(medium, resource, now);
        this.#forgetOldest();
        return interaction;
    }

    /**
     * @param {Medium} medium
     * @param {Resource} resource
     * @param {number} now
     * @returns {Interaction}
     */
    #put(medium, resource, now) {
        const known = this.#interactions.get(resource.id);
        const startedAt = resource.duration === undefined
            ? known?.startedAt ?? now
            : now - Number(resource.duration) * 1000;
        const ended = medium.finalStates.includes(resource.state);
        if (!known) {
            /** @type {Interaction} */
            const interaction = {
                medium, id: resource.id, resource, startedAt,
                endedAt: ended ? now : null, endedUnseen: false,
                changes: new Map(), changeNumber: 0, transcript: [], typists: new Map(),
            };
            this.#interactions.set(resource.id, interaction);
            return interaction;
        }
        const changes = compareUserData(known.resource.userData ?? {}, resource.userData ?? {});
        if (changes.size > 0) {
            known.changes = changes;
            known.changeNumber += 1;
        }
        // The server's seconds are whole: keep the running clock unless it is off by more than their rounding.
        if (Math.abs(startedAt - known.startedAt) > 1500) {
            known.startedAt = startedAt;
        }
        known.resource = resource;
        known.endedAt = ended ? known.endedAt ?? now : null;
        known.endedUnseen = false;
        return known;
    }

    #forgetOldest() {
        const ended = this.list().filter(({endedAt}) => endedAt !== null)
            .sort((a, b) => Number(b.endedAt) - Number(a.endedAt));
        for (const {id} of ended.slice(ENDED_KEPT)) {
            this.#interactions.delete(id);
        }
    }
}

/**
 * The names of those who are writing now.
 *
 * @param {Interaction} interaction
 * @param {number} now
 * @returns {string[]}
 */
export function typistsOf({endedAt, typists}, now) {
    return endedAt === null
        ? [...typists.values()].filter(({since}) => now - since < TYPING_BELIEVED_MS).map(({name}) => name)
        : [];
}
