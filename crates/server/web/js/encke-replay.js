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
 * sequence, as Encke does.
 *
 * Messages come in the order of their positions, with two exceptions, in which older ones come behind newer ones and
 * none is left out. Where two subscriptions of a page overlap and one begins at an older position, messages that were
 * on their way for the other come first; the library tells every listener that covers a channel, so the other's hears
 * the older ones too. And without the AckExtension over long-polling, what comes with the reply to a publish may be
 * overtaken on the other connection. What is stored is a position up to which nothing is missing: while subscriptions
 * overlap and one catches up, that may be where it began.
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
 * @property {Position | null} position nothing up to here is missing
 * @property {Received} received
 * @property {number} start where it begins without a position
 * @property {"idle" | "asked" | "active"} state what this session's server knows of it
 * @property {boolean} known the server had agreed in this page's life
 * @property {boolean} refused the position was refused, and what follows begins elsewhere
 * @property {number | undefined} epoch this session's log
 * @property {number | undefined} newest its newest position when the server agreed
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

/** Ranges of positions remembered of one subscription: as long as nothing below is missing, and altogether. */
const RANGES_SETTLED = 256;
const RANGES = 4096;

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
    /** A subscription was given up in this session; messages for it may be on their way. */
    #released = false;
    /** @type {Set<string>} subscriptions whose position has to be stored */
    #unstored = new Set();

    /** @param {ReplayOptions} [options] */
    constructor(options = {}) {
        this.#options = options;
        this.#store = options.store ?? new MemoryStore();
    }

    /**
     * The position of a subscription: nothing up to there is missing.
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
        this.#released ||= (this.#places.get(subscription)?.state ?? "idle") !== "idle";
        this.#drop(subscription);
    }

    /** @param {string} subscription */
    #drop(subscription) {
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
            place.newest = undefined;
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
            const position = this.#store.get(subscription);
            place = {
                position, received: new Received(position?.id),
                start: typeof from === "function" ? from(subscription) : from,
                state: "idle", known: false, refused: false, epoch: undefined, newest: undefined, agreedAt: 0,
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
            this.#released = false;
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
            if (place.state === "active" && place.agreedAt < this.#connects) {
                place.received.settle(settled);
                this.#advance(subscription, place);
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
        place.newest = isPosition(newest) ? newest : undefined;
        place.agreedAt = this.#connects;
        if (place.position?.epoch !== undefined && place.epoch !== undefined && place.position.epoch !== place.epoch) {
            // Numbers of another log say nothing about this one's.
            place.received = new Received(place.position.id);
        }
        if (status === "new" && isPosition(newest)) {
            place.received.beginAfter(newest);
            this.#advance(subscription, place);
        } else if (status === "resumed" && isPosition(start)) {
            place.received.beginAfter(start);
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
            this.#drop(subscription);
            const start = outdated === "new" ? NEW : KEPT;
            this.#places.set(subscription, {...place, position: null, received: new Received(), start, refused: true});
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
        // The server sends what it sends for a subscription in order. So nothing older can be missing if the message was
        // certainly sent for this one: no other covers the channel, or it is younger than the server's agreement.
        const alone = covering.length === 1 && !this.#released;
        let news = covering.length === 0;
        for (const [subscription, place] of covering) {
            const named = (place.epoch ?? place.position?.epoch) !== undefined || (place.state === "asked" && !alone);
            if (!named) {
                place.received = new Received(id);
                this.#moveTo(subscription, place, id);
                news = true;
                continue;
            }
            news = place.received.insert(id) || news;
            if (alone || (place.newest !== undefined && id > place.newest)) {
                place.received.settle(id);
                this.#advance(subscription, place);
            }
        }
        return news;
    }

    /**
     * @param {string} subscription
     * @param {Place} place
     */
    #advance(subscription, place) {
        const {settled} = place.received;
        if (settled !== null && settled > (place.position?.id ?? NEW)) {
            this.#moveTo(subscription, place, settled);
        }
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

/**
 * Which positions were received: all below a floor, and ranges above it. Beside them the position up to which nothing
 * is missing, as far as whoever calls knows. Settled ranges beyond a bound go into the floor. When it is full of others
 * the lowest is forgotten: its messages may then be seen twice, and none is passed over.
 */
class Received {
    /** Everything below counts as received. */
    #floor = 0;
    /** @type {[number, number][]} first and last position, ascending, none next to another */
    #ranges = [];
    /** @type {number | null} */
    #settled = null;

    /** @param {number} [position] everything up to it counts as received */
    constructor(position) {
        if (position !== undefined) {
            this.beginAfter(position);
        }
    }

    /** Nothing up to here is missing. */
    get settled() {
        return this.#settled;
    }

    /**
     * @param {number} at
     * @returns {boolean} false if it was received already
     */
    insert(at) {
        let next = this.#ranges.length;
        // Most are the newest.
        while (next > 0 && this.#ranges[next - 1][0] > at) {
            next -= 1;
        }
        const before = this.#ranges[next - 1];
        const after = this.#ranges[next];
        if (at < this.#floor || (before && at <= before[1])) {
            return false;
        }
        const joinsBefore = before?.[1] === at - 1;
        const joinsAfter = after?.[0] === at + 1;
        if (joinsBefore) {
            before[1] = joinsAfter ? after[1] : at;
            this.#ranges.splice(next, joinsAfter ? 1 : 0);
        } else if (joinsAfter) {
            after[0] = at;
        } else {
            this.#ranges.splice(next, 0, [at, at]);
        }
        this.#trim();
        return true;
    }

    /**
     * Nothing up to this position is missing. What was not noted of it may still be received.
     *
     * @param {number} at
     */
    settle(at) {
        this.#settled = Math.max(this.#settled ?? at, at);
        this.#trim();
    }

    /**
     * Everything up to this position counts as received.
     *
     * @param {number} at
     */
    beginAfter(at) {
        this.#settled = Math.max(this.#settled ?? at, at);
        const floor = this.#floor = Math.max(this.#floor, at + 1);
        this.#ranges = this.#ranges.filter(([, last]) => last >= floor);
        if (this.#ranges.length > 0) {
            this.#ranges[0][0] = Math.max(this.#ranges[0][0], floor);
        }
    }

    #trim() {
        while (this.#ranges.length > RANGES_SETTLED && this.#ranges[0][1] <= (this.#settled ?? NEW)) {
            this.#floor = this.#ranges[0][1] + 1;
            this.#ranges.shift();
        }
        if (this.#ranges.length > RANGES) {
            this.#ranges.shift();
        }
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
