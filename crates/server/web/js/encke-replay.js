/**
 * Replay for the stock CometD library: after a lost session, network or page, a subscription goes on where it
 * stopped, and the application is told when something is missing.
 *
 *     import {ReplayExtension} from "/js/encke-replay.js";
 *     cometd.registerExtension("replay", new ReplayExtension({
 *         onGap: ({subscription}) => reload(subscription),
 *     }));
 *
 * From a classic script: `import("/js/encke-replay.js").then(({ReplayExtension}) => ...)`. Works with the library from
 * 3.1 to 9, and with servers that keep a log of their channels: Encke, and Salesforce's streaming endpoint. Subscribe
 * in a listener on `/meta/handshake`, as the library wants it anyway; nothing else changes. With a server that keeps no
 * log, or not of a channel, the application is told of the gap and all else is as ever.
 *
 * # What it promises
 *
 * A position is stored after the listeners of a message were called, once for all messages of a response. So a page
 * that is killed sees the last few messages again, and misses none; a listener that throws counts as called. A
 * position that the server refuses never leaves a dead subscription: it falls back (see `outdated`). Messages that
 * the server sends again for another subscription of the same page are dropped, if it numbers all channels in one
 * sequence, as Encke does. Where two subscriptions of a page overlap and the later one begins at an older position,
 * messages of it can be passed over for the same reason: subscribe from old positions first.
 *
 * Together with the library's AckExtension nothing is lost within a session either: without it a response that is lost
 * on its way is a hole that positions do not show.
 *
 * # Sources
 *
 * Salesforce's streaming endpoint (observed): `ext.replay` on handshake and subscribe, `data.event.replayId`, -1, -2.
 * Encke: `ext.replay` in messages and in connect replies, `{"id":n,"epoch":e}`, the status in the reply to a subscribe.
 *
 * @typedef {object} Position a place in the server's log
 * @property {number} id grows along a channel, and means nothing else
 * @property {number} [epoch] the log that it is from, if the server tells
 *
 * @typedef {object} PositionStore where positions are kept; one store belongs to one server and one user
 * @property {(subscription: string) => Position | null} get
 * @property {(subscription: string, position: Position) => void} set
 * @property {(subscription: string) => void} remove
 *
 * @typedef {"new" | "kept" | "resumed" | "gap" | "none"} Status what follows a subscribe: what is new, or all that is
 *     kept, as was asked for; everything after the position; what is left of it; what is new, since nothing is kept
 *
 * @typedef {object} Told what the server says of its log and one subscription
 * @property {string} subscription
 * @property {Status} status
 * @property {number} [epoch]
 * @property {number | null} [oldest] the oldest message that could still be had
 * @property {number} [newest] the newest position of the log
 *
 * @typedef {Told & {reason: "log" | "session"}} Gap messages are missing: the server's log has forgotten some
 *     ("log"), or there is no log and the session was lost ("session")
 *
 * @typedef {object} ReplayOptions
 * @property {PositionStore} [store] default: a MemoryStore, which survives sessions but not the page
 * @property {number | ((subscription: string) => number)} [from] where a subscription without a position begins:
 *     -1 (default) with what is new, -2 with all that is kept, or after a number
 * @property {"kept" | "new" | "fail"} [outdated] what happens when the server refuses a position: begin with all
 *     that is kept (default), or with what is new, each told as a gap; or let the subscribe fail with its 400
 * @property {(told: Told) => void} [onStatus] after each successful subscribe
 * @property {(gap: Gap) => void} [onGap] when messages are missing
 *
 * @typedef {Record<string, any>} Message
 *
 * @typedef {object} Place where one subscription stands
 * @property {Position | null} position behind what was received
 * @property {number} start where it begins without a position
 * @property {"idle" | "asked" | "active"} state what this session's server knows of it
 * @property {boolean} known the server had agreed in this page's life
 * @property {boolean} refused the position was refused, and what follows begins elsewhere
 * @property {number | undefined} epoch this session's log
 * @property {number} agreedAt connects so far when the server agreed
 *
 * @typedef {object} Asked a subscribe on its way
 * @property {Message} message as the application sent it
 * @property {Map<string, number | Position>} starts where each of its subscriptions begins
 */

const NEW = -1;
const KEPT = -2;

/** What a server says to a position that it cannot go on from. */
const POSITION_REFUSED = /^400::The replayId/;

/** Subscribes remembered without an answer; the oldest goes first. */
const ASKED_KEPT = 1000;

/** An extension for `cometd.registerExtension`. */
export class ReplayExtension {
    #options;
    /** @type {PositionStore} */
    #store;
    /** @type {any} the library; its types do not name `send` */
    #cometd = null;
    /** The server of this session keeps a log. */
    #supported = false;
    /** @type {Map<string, Place>} */
    #places = new Map();
    /** @type {Map<string, Asked>} by message id */
    #asked = new Map();
    #connects = 0;
    #lastConnect = "";
    /** @type {Set<string>} subscriptions whose position has to be stored */
    #unstored = new Set();

    /** @param {ReplayOptions} [options] */
    constructor(options = {}) {
        this.#options = options;
        this.#store = options.store ?? new MemoryStore();
    }

    /**
     * The position of a subscription, behind what was received.
     *
     * @param {string} subscription
     * @returns {Position | null}
     */
    position(subscription) {
        return this.#places.get(subscription)?.position ?? this.#store.get(subscription);
    }

    /**
     * Forgets a position: the next subscribe begins as a first one does. Unsubscribing forgets it too.
     *
     * @param {string} subscription
     */
    forget(subscription) {
        this.#places.delete(subscription);
        this.#unstored.delete(subscription);
        this.#store.remove(subscription);
    }

    /**
     * Called by the library.
     *
     * @param {string} _name
     * @param {object} cometd
     */
    registered(_name, cometd) {
        this.#cometd = cometd;
    }

    /** Called by the library. */
    unregistered() {
        this.#storePositions();
        this.#cometd = null;
    }

    /**
     * Called by the library for each message that it sends.
     *
     * @template {Message} M
     * @param {M} message
     * @returns {M}
     */
    outgoing(message) {
        switch (message.channel) {
            case "/meta/handshake":
                this.#supported = false;
                Object.assign(message, {ext: {...message.ext, replay: true}});
                break;
            case "/meta/connect":
                this.#connects += 1;
                this.#lastConnect = message.id;
                break;
            case "/meta/subscribe":
                this.#ask(message);
                break;
            case "/meta/unsubscribe":
                listed(message.subscription).forEach((subscription) => this.forget(subscription));
                break;
        }
        return message;
    }

    /**
     * Called by the library for each message that it receives; null for what it shall not see.
     *
     * @template {Message} M
     * @param {M} message
     * @returns {M | null}
     */
    incoming(message) {
        switch (message.channel) {
            case "/meta/handshake":
                this.#handleHandshake(message);
                return message;
            case "/meta/connect":
                this.#handleConnect(message);
                return message;
            case "/meta/subscribe":
                return this.#handleSubscribe(message) ? message : null;
            default:
                return this.#handleEvent(message) ? message : null;
        }
    }

    /** @param {Message} message */
    #ask(message) {
        const starts = new Map();
        for (const subscription of listed(message.subscription)) {
            const place = this.#place(subscription);
            place.state = "asked";
            starts.set(subscription, place.position ?? place.start);
        }
        this.#asked.set(message.id, {message: {...message}, starts});
        for (const id of this.#asked.keys()) {
            if (this.#asked.size <= ASKED_KEPT) {
                break;
            }
            this.#asked.delete(id);
        }
        if (this.#supported) {
            const replay = Object.fromEntries([...starts].map(([subscription, start]) => [subscription, onTheWire(start)]));
            message.ext = {...message.ext, replay};
        }
    }

    /**
     * @param {string} subscription
     * @returns {Place}
     */
    #place(subscription) {
        let place = this.#places.get(subscription);
        if (!place) {
            const {from = NEW} = this.#options;
            place = {
                position: this.#store.get(subscription),
                start: typeof from === "function" ? from(subscription) : from,
                state: "idle", known: false, refused: false, epoch: undefined, agreedAt: 0,
            };
            this.#places.set(subscription, place);
        }
        return place;
    }

    /** @param {Message} message */
    #handleHandshake(message) {
        if (message.successful) {
            this.#supported = message.ext?.replay === true;
            this.#asked.clear();
            for (const place of this.#places.values()) {
                place.state = "idle";
                place.epoch = undefined;
            }
        }
    }

    /**
     * A connect reply may name a position up to which everything was delivered, so that a quiet channel's does not
     * get too old. It says nothing of a subscription that the server may have made after it sent the reply: the two
     * come over different connections.
     *
     * @param {Message} message
     */
    #handleConnect(message) {
        const settled = message.ext?.replay;
        if (!message.successful || !isPosition(settled) || message.id !== this.#lastConnect) {
            return;
        }
        for (const [subscription, place] of this.#places) {
            if (place.state === "active" && place.agreedAt < this.#connects && settled > (place.position?.id ?? NEW)) {
                this.#moveTo(subscription, place, settled);
            }
        }
    }

    /**
     * @param {Message} message
     * @returns {boolean} whether the library shall see it
     */
    #handleSubscribe(message) {
        const asked = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        if (message.successful) {
            const told = listed(message.subscription)
                .map((subscription) => this.#agreed(subscription, asked?.starts.get(subscription), message.ext?.replay?.[subscription]));
            for (const {gap, ...rest} of told) {
                this.#options.onStatus?.(rest);
                if (gap) {
                    this.#options.onGap?.({...rest, reason: gap});
                }
            }
            return true;
        }
        return !asked || !POSITION_REFUSED.test(message.error) || !this.#askElsewhere(asked, message.ext?.replay);
    }

    /**
     * @param {string} subscription
     * @param {number | Position | undefined} start
     * @param {any} said by the server; nothing from Salesforce
     * @returns {Told & {gap: "log" | "session" | null}}
     */
    #agreed(subscription, start, said) {
        const place = this.#place(subscription);
        /** @type {Status} */
        const status = !this.#supported ? "none" : said?.status ?? (start === NEW ? "new" : start === KEPT ? "kept" : "resumed");
        const {epoch, oldest, newest} = said ?? {};
        /** @type {"log" | "session" | null} */
        let gap = null;
        if (place.refused || status === "gap") {
            gap = "log";
        } else if (status === "none" || (status === "new" && start === NEW)) {
            gap = place.known ? "session" : status === "none" && place.position ? "log" : null;
        }
        place.state = "active";
        place.known = true;
        place.epoch = isPosition(epoch) ? epoch : undefined;
        place.agreedAt = this.#connects;
        if (status === "new" && isPosition(newest) && newest > (place.position?.id ?? NEW)) {
            this.#moveTo(subscription, place, newest);
        }
        const told = place.refused ? "gap" : status;
        place.refused = false;
        return {subscription, status: told, epoch, oldest, newest, gap};
    }

    /**
     * Sends a subscribe again under the same id, so that the application hears of its outcome as if of the first.
     *
     * @param {Asked} asked
     * @param {any} said by the server
     * @returns {boolean} false if there is nothing else to try
     */
    #askElsewhere(asked, said) {
        const {outdated = "kept"} = this.#options;
        const positioned = [...asked.starts].filter(([, start]) => start !== NEW && start !== KEPT).map(([subscription]) => subscription);
        const named = positioned.filter((subscription) => said?.[subscription]?.status === "refused");
        if (outdated === "fail" || positioned.length === 0) {
            return false;
        }
        for (const subscription of named.length > 0 ? named : positioned) {
            const place = this.#place(subscription);
            this.forget(subscription);
            this.#places.set(subscription, {...place, position: null, start: outdated === "new" ? NEW : KEPT, refused: true});
        }
        const {clientId: _, ...again} = asked.message;
        // Not from within the library's work on the response.
        Promise.resolve().then(() => this.#cometd?.send(again));
        return true;
    }

    /**
     * @param {Message} message
     * @returns {boolean} whether the library shall see it
     */
    #handleEvent(message) {
        if (message.data === undefined || !this.#supported) {
            return true;
        }
        const id = isPosition(message.ext?.replay) ? message.ext.replay : message.data?.event?.replayId;
        if (!isPosition(id)) {
            return true;
        }
        const covering = [...this.#places].filter(([subscription, {state}]) => state !== "idle" && covers(subscription, message.channel));
        const news = covering.filter(([, {position, epoch}]) =>
            position === null || id > position.id || (epoch ?? position.epoch) === undefined);
        for (const [subscription, place] of news) {
            this.#moveTo(subscription, place, id);
        }
        return covering.length === 0 || news.length > 0;
    }

    /**
     * @param {string} subscription
     * @param {Place} place
     * @param {number} id
     */
    #moveTo(subscription, place, id) {
        place.position = place.epoch === undefined ? {id} : {id, epoch: place.epoch};
        if (this.#unstored.size === 0) {
            // The library calls all listeners of a response before it gives way to this.
            Promise.resolve().then(() => this.#storePositions());
        }
        this.#unstored.add(subscription);
    }

    #storePositions() {
        for (const subscription of this.#unstored) {
            const position = this.#places.get(subscription)?.position;
            if (position) {
                this.#store.set(subscription, position);
            }
        }
        this.#unstored.clear();
    }
}

/** Positions in memory: they survive sessions, not the page. */
export class MemoryStore {
    /** @type {Map<string, Position>} */
    #positions = new Map();

    /** @param {string} subscription */
    get(subscription) {
        return this.#positions.get(subscription) ?? null;
    }

    /**
     * @param {string} subscription
     * @param {Position} position
     */
    set(subscription, position) {
        this.#positions.set(subscription, position);
    }

    /** @param {string} subscription */
    remove(subscription) {
        this.#positions.delete(subscription);
    }
}

/**
 * Positions in `sessionStorage`, which survive a reload of the tab, or in `localStorage`, which survive the tab. All
 * tabs of an origin share the latter: what one tab has seen the next one does not get. A storage that is full or
 * switched off keeps nothing, and no harm is done.
 */
export class WebStore {
    #storage;
    #prefix;

    /**
     * @param {{getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void}} storage
     * @param {string} [prefix] of the keys; name server and user in it where a page has more than one
     */
    constructor(storage, prefix = "replay:") {
        this.#storage = storage;
        this.#prefix = prefix;
    }

    /**
     * @param {string} subscription
     * @returns {Position | null}
     */
    get(subscription) {
        try {
            const {id, epoch} = JSON.parse(this.#storage.getItem(this.#prefix + subscription) ?? "{}");
            return isPosition(id) ? isPosition(epoch) ? {id, epoch} : {id} : null;
        } catch {
            return null;
        }
    }

    /**
     * @param {string} subscription
     * @param {Position} position
     */
    set(subscription, position) {
        try {
            this.#storage.setItem(this.#prefix + subscription, JSON.stringify(position));
        } catch {
            // Full, or not allowed: the page then begins anew after a reload.
        }
    }

    /** @param {string} subscription */
    remove(subscription) {
        try {
            this.#storage.removeItem(this.#prefix + subscription);
        } catch {
            // As above.
        }
    }
}

/**
 * @param {unknown} subscription of a subscribe: a text or several
 * @returns {string[]}
 */
function listed(subscription) {
    return (Array.isArray(subscription) ? subscription : [subscription]).filter((text) => typeof text === "string");
}

/**
 * @param {unknown} value
 * @returns {value is number}
 */
function isPosition(value) {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/**
 * A number where there is no epoch, since not every server knows the other form.
 *
 * @param {number | Position} start
 */
function onTheWire(start) {
    return typeof start === "number" || start.epoch !== undefined ? start : start.id;
}

/**
 * @param {string} pattern
 * @param {string} channel
 */
function covers(pattern, channel) {
    if (pattern.endsWith("/**")) {
        return channel.startsWith(pattern.slice(0, -2));
    }
    if (pattern.endsWith("/*")) {
        const rest = channel.startsWith(pattern.slice(0, -1)) ? channel.slice(pattern.length - 1) : "";
        return rest !== "" && !rest.includes("/");
    }
    return pattern === channel;
}
