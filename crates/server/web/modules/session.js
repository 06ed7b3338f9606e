/**
 * One agent at one desk: login, commands, notifications and recovery.
 *
 * Owns the agent's state; views listen and never write. The order on the way up is handshake, subscribe, then GET:
 * what changes in between arrives as an event. After a re-handshake, which does not log in again, everything that was
 * missed arrives as events too; only if the server has not kept all of it is the state read again, and the desk says
 * that the event log has a hole.
 *
 * @typedef {import("./desk-state.js").Interaction} Interaction
 * @typedef {import("./notifications.js").ConnectionStatus} ConnectionStatus
 * @typedef {{user: string, name: string, dn: string}} Agent
 * @typedef {{status: ConnectionStatus, transport: string, latency: number | null, recoveries: number, missed: boolean}} Connection
 * @typedef {{at: Date, kind: "event" | "request" | "meta", title: string, detail: unknown}} LogEntry
 * @typedef {import("./desk-state.js").TranscriptEntry} TranscriptEntry
 */
import {agentStateOf} from "./agent-state.js";
import {DeskState} from "./desk-state.js";
import {changeArrives, changeLeaves} from "./latency.js";
import {MEDIA, resourceOf, resourcesOf} from "./media.js";
import {Notifications} from "./notifications.js";
import {nameOfUser} from "./people.js";
import {basicAuthorization, Rest} from "./rest.js";
import {typingOperation} from "./typing.js";
import {jsonObject} from "./user-data.js";

const RETRY_SNAPSHOT_MS = 2000;

/**
 * Events: "interaction" (detail: Interaction), "desk" (the list changed as a whole), "connection" (detail:
 * Connection), "agent" (its state is another), "log" (detail: LogEntry), "failure" (detail: string; a request that was accepted has failed since).
 */
export class AgentSession extends EventTarget {
    state = new DeskState();
    /** @type {Agent} */
    agent;
    /** @type {Connection} */
    connection = {status: "connecting", transport: "", latency: null, recoveries: 0, missed: false};
    /** @type {import("./agent-state.js").AgentState} as the server said last */
    agentState = "Offline";
    #rest;
    #notifications;
    #deviceId = "";
    #handshakes = 0;
    /** An event told of the device since the state was read last. */
    #deviceTold = false;
    /** The state was read since the page was opened or something was missed. */
    #isWhole = false;
    #closed = false;

    /**
     * @param {string} user
     * @param {string} password
     */
    constructor(user, password) {
        super();
        const authorization = basicAuthorization(user, password);
        this.agent = {user, name: nameOfUser(user), dn: ""};
        this.#rest = new Rest(authorization, (exchange) => this.#log("request",
            `${exchange.method} ${exchange.path}`, {
                request: exchange.request, httpStatus: exchange.httpStatus, answer: exchange.answer,
            }));
        this.#notifications = new Notifications(user, authorization, {
            onStatus: (status, transport) => this.#setConnection({status, transport}),
            onReady: (arrival) => this.#arrive(arrival),
            onMessage: (message) => this.#handleMessage(message),
            onMeta: (message) => this.#log("meta", message.channel, message),
        });
    }

    /**
     * Checks the credentials, learns the agent's name and device, and connects.
     *
     * @throws {import("./rest.js").Refused}
     */
    async open() {
        const {user} = await this.#rest.get("/api/v2/me?subresources=devices");
        const device = user.devices?.[0];
        this.#deviceId = device?.id ?? "";
        this.#showDevices(user.devices);
        const name = [user.firstName, user.lastName].filter(Boolean).join(" ");
        this.agent = {user: this.agent.user, name: name || this.agent.name, dn: device?.phoneNumber ?? ""};
        if (!this.#closed) {
            this.#notifications.start();
        }
    }

    close() {
        this.#closed = true;
        this.#notifications.stop();
    }

    /** The page goes away. */
    leave() {
        this.#notifications.leave();
    }

    /**
     * @param {string} phoneNumber
     */
    async dial(phoneNumber) {
        await this.#rest.post(`/api/v2/me/devices/${encodeURIComponent(this.#deviceId)}/calls`,
            {operationName: "Dial", destination: {phoneNumber}});
    }

    /**
     * Does something else. Who is offline is logged in first; who goes offline is logged out.
     *
     * @param {import("./agent-state.js").AgentState} state
     */
    async setAgentState(state) {
        if (state === "Offline") {
            await this.#rest.post("/api/v2/me", {operationName: "EndContactCenterSession"});
            return;
        }
        if (this.agentState === "Offline") {
            await this.#rest.post("/api/v2/me", {operationName: "StartContactCenterSession", channels: ["voice"]});
        }
        await this.#rest.post("/api/v2/me/channels/voice", {operationName: state});
    }

    /**
     * An operation without user data: Answer, Hold, SendMessage and so on.
     *
     * @param {Interaction} interaction
     * @param {string} operationName
     * @param {Record<string, unknown>} parameters
     */
    async operate(interaction, operationName, parameters = {}) {
        changeLeaves(interaction.id);
        await this.#rest.post(pathOf(interaction), {operationName, ...parameters});
    }

    /**
     * Tells the others that something is being written, or no longer. Nobody waits for it, and nothing comes of it here.
     *
     * @param {Interaction} interaction
     * @param {boolean} started
     */
    async tellTyping(interaction, started) {
        await this.#rest.post(pathOf(interaction), {operationName: typingOperation(started)});
    }

    /**
     * @param {Interaction} interaction
     * @param {"AttachUserData" | "UpdateUserData"} operationName
     * @param {string} key
     * @param {string} json the value as JSON text, sent as it is
     */
    async putPair(interaction, operationName, key, json) {
        changeLeaves(interaction.id);
        await this.#rest.post(pathOf(interaction), jsonObject([
            ["operationName", JSON.stringify(operationName)],
            ["userData", jsonObject([[key, json]])],
        ]));
    }

    /**
     * @param {Interaction} interaction
     * @param {string} key
     */
    async deletePair(interaction, key) {
        const {name, by} = interaction.medium.deletes;
        await this.operate(interaction, name, by === "key" ? {key} : {keys: [key]});
    }

    /** @param {Interaction} interaction */
    async deleteAllPairs(interaction) {
        const keys = Object.keys(interaction.resource.userData ?? {});
        switch (interaction.medium.deletes.all) {
            case "without":
                return this.operate(interaction, "DeleteUserData");
            case "keys":
                return this.operate(interaction, "DeleteUserData", {keys});
            case "each":
                for (const key of keys) {
                    await this.deletePair(interaction, key);
                }
        }
    }

    /** @param {string} id */
    dismiss(id) {
        this.state.dismiss(id);
        this.dispatchEvent(new Event("desk"));
    }

    /** @param {{channel: string, data: Record<string, any>}} message */
    #handleMessage(message) {
        this.#log("event", message.data.notificationType ?? message.data.event ?? message.data.messageType ?? message.channel, message);
        if (message.data.messageType === "ErrorMessage") {
            this.dispatchEvent(new CustomEvent("failure", {detail: message.data.errorMessage ?? "The request has failed"}));
            return;
        }
        if (message.data.messageType === "DeviceStateChangeMessage") {
            this.#deviceTold = true;
            this.#showDevices(message.data.devices);
            return;
        }
        const about = resourceOf(message.data)?.resource;
        const isNew = about !== undefined && this.state.get(about.id) === undefined;
        const interaction = this.state.applyNotification(message.data, Date.now());
        if (!interaction) {
            return;
        }
        const latency = changeArrives(interaction.id, this);
        if (latency !== null) {
            this.#setConnection({latency});
        }
        if (isNew && interaction.medium.transcript !== null) {
            this.#readTranscript(interaction);
        }
        this.dispatchEvent(new CustomEvent("interaction", {detail: interaction}));
    }

    /**
     * The subscription stands, after each handshake.
     *
     * @param {import("./notifications.js").Arrival} arrival
     */
    #arrive(arrival) {
        this.#handshakes += 1;
        const missed = typeof arrival === "object";
        if (missed) {
            this.#log("event", "Events missed", arrival);
        }
        this.#setConnection({recoveries: this.#handshakes - 1, missed});
        if (missed || !this.#isWhole) {
            this.#recover();
        }
    }

    /** Reads what is on the desk. */
    async #recover() {
        const handshake = this.#handshakes;
        this.#isWhole = false;
        this.state.beginSnapshot();
        this.#deviceTold = false;
        try {
            // One answer for all; what the server does not have is left out of it.
            const collections = ["devices", ...MEDIA.map(({subresource}) => subresource)].join(",");
            const {user} = await this.#rest.get(`/api/v2/me?subresources=${collections}`);
            if (handshake !== this.#handshakes || this.#closed) {
                return;
            }
            this.state.applySnapshot(resourcesOf(user), Date.now());
            if (!this.#deviceTold) {
                this.#showDevices(user.devices);
            }
            this.#isWhole = true;
            this.dispatchEvent(new Event("desk"));
            for (const interaction of this.state.list()) {
                if (interaction.medium.transcript !== null && interaction.endedAt === null) {
                    this.#readTranscript(interaction);
                }
            }
        } catch {
            // The exchange is in the log. A connection that breaks now ends in the next handshake; one that stands
            // deserves another try.
            setTimeout(() => {
                if (handshake === this.#handshakes && !this.#closed) {
                    this.#recover();
                }
            }, RETRY_SNAPSHOT_MS);
        }
    }

    /** @param {any[] | undefined} devices of which the desk's may be one */
    #showDevices(devices) {
        const device = devices?.find(({id}) => id === this.#deviceId);
        if (device) {
            this.agentState = agentStateOf(device.userState);
            this.dispatchEvent(new Event("agent"));
        }
    }

    /** @param {Interaction} interaction */
    async #readTranscript(interaction) {
        try {
            const {messages} = await this.#rest.get(`${pathOf(interaction)}/messages`);
            if (this.state.addMessages(interaction.id, messages ?? [], Date.now())) {
                this.dispatchEvent(new CustomEvent("interaction", {detail: interaction}));
            }
        } catch {
            // In the log; later messages arrive by notification all the same.
        }
    }

    /** @param {Partial<Connection>} change */
    #setConnection(change) {
        this.connection = {...this.connection, ...change};
        this.dispatchEvent(new CustomEvent("connection", {detail: this.connection}));
    }

    /**
     * @param {LogEntry["kind"]} kind
     * @param {string} title
     * @param {unknown} detail
     */
    #log(kind, title, detail) {
        this.dispatchEvent(new CustomEvent("log", {detail: {at: new Date(), kind, title, detail}}));
    }
}

/** @param {Interaction} interaction */
function pathOf(interaction) {
    return `/api/v2/me/${interaction.medium.collection(interaction.resource)}/${encodeURIComponent(interaction.id)}`;
}
