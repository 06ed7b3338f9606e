/**
 * The push side of one agent: the stock CometD client on `/api/v2/notifications`, with acknowledgement and replay.
 *
 * Promises: `onReady` is called after each handshake, once the subscription stands. It says whether what was missed
 * comes as messages, or has to be read; whoever reads then misses nothing. `onStatus` says what the connection is
 * doing. Only long-polling is used: a browser cannot put an Authorization header on a WebSocket, and the identity of a
 * desk is that header.
 *
 * @typedef {"connecting" | "live" | "reconnecting" | "closed"} ConnectionStatus
 * @typedef {import("/js/encke-replay.js").Gap} Gap
 * @typedef {"first" | "resumed" | Gap} Arrival nothing was there before; what was missed comes; some of it does not
 * @typedef {object} Listener
 * @property {(status: ConnectionStatus, transport: string) => void} onStatus
 * @property {(arrival: Arrival) => void} onReady subscribed
 * @property {(message: {channel: string, data: Record<string, any>}) => void} onMessage
 * @property {(message: Record<string, any>) => void} onMeta each reply on a /meta channel
 */
import {AckExtension, CometD} from "/desk/vendor/cometd/cometd.js";
import {ReplayExtension} from "/js/encke-replay.js";

const ENDPOINT = "/api/v2/notifications";
const SUBSCRIPTION = "/v2/me/*";
const RETRY_SUBSCRIBE_MS = 1000;

export class Notifications {
    #cometd;
    #authorization;
    #listener;
    #started = false;
    /** @type {Arrival} what the reply to the subscribe on its way is going to mean */
    #arrival = "first";

    /**
     * @param {string} name of this client in the browser's console
     * @param {string} authorization value of the Authorization header
     * @param {Listener} listener
     */
    constructor(name, authorization, listener) {
        this.#authorization = authorization;
        this.#listener = listener;
        this.#cometd = new CometD(name);
        this.#cometd.unregisterTransport("websocket");
        this.#cometd.unregisterTransport("callback-polling");
        this.#cometd.configure({
            url: location.origin + ENDPOINT,
            requestHeaders: {Authorization: authorization},
            logLevel: "warn",
            backoffIncrement: 500,
            maxBackoff: 5000,
        });
        this.#cometd.registerExtension("ack", new AckExtension());
        this.#cometd.registerExtension("replay", new ReplayExtension({
            onStatus: ({status}) => {
                this.#arrival = status === "resumed" ? "resumed" : "first";
            },
            onGap: (gap) => {
                this.#arrival = gap;
            },
        }));
        this.#cometd.addListener("/meta/*", (/** @type {any} */ message) => listener.onMeta(message));
        this.#cometd.addListener("/meta/handshake", (/** @type {any} */ message) => this.#handleHandshake(message));
        this.#cometd.addListener("/meta/connect", (/** @type {any} */ message) => this.#handleConnect(message));
    }

    start() {
        this.#started = true;
        this.#listener.onStatus("connecting", "");
        this.#cometd.handshake();
    }

    /** Ends the session; nothing is reported afterwards but "closed". */
    stop() {
        this.#started = false;
        this.#cometd.disconnect();
        this.#listener.onStatus("closed", "");
    }

    /** Tells the server that the page goes away; a request that outlives the page. */
    leave() {
        const clientId = this.#cometd.getClientId();
        if (this.#started && clientId) {
            const body = JSON.stringify([{id: "leave", channel: "/meta/disconnect", clientId}]);
            fetch(`${ENDPOINT}/disconnect`, {
                method: "POST",
                body,
                keepalive: true,
                headers: {"Authorization": this.#authorization, "Content-Type": "application/json"},
            }).catch(() => {});
        }
    }

    /** @param {any} message */
    #handleHandshake(message) {
        if (message.successful) {
            this.#subscribe();
        } else if (this.#started) {
            this.#listener.onStatus("reconnecting", "");
        }
    }

    #subscribe() {
        const clientId = this.#cometd.getClientId();
        this.#cometd.subscribe(SUBSCRIPTION, (/** @type {any} */ message) => this.#listener.onMessage(message), (/** @type {any} */ reply) => {
            if (reply.successful) {
                this.#listener.onReady(this.#arrival);
            } else {
                // Lost on the way. If the session is gone too, the next handshake subscribes.
                setTimeout(() => {
                    if (this.#started && clientId === this.#cometd.getClientId()) {
                        this.#subscribe();
                    }
                }, RETRY_SUBSCRIBE_MS);
            }
        });
    }

    /** @param {any} message */
    #handleConnect(message) {
        if (this.#started) {
            const transport = this.#cometd.getTransport()?.type ?? "";
            this.#listener.onStatus(message.successful ? "live" : "reconnecting", transport);
        }
    }
}
