/**
 * What stands before the server in the world: a reverse proxy that serves an application's page from the same origin,
 * and does with WebSockets what such proxies do.
 */
import {once} from "node:events";
import {readFile} from "node:fs/promises";
import {Agent, createServer, request} from "node:http";

const PAGES = new Map([["/", "numbers.html"], ["/numbers-page.js", "numbers-page.js"]]);

/**
 * How it takes an upgrade: as it should; with an answer of its own; as one that knows nothing of it and hands on a
 * plain GET; or not at all.
 *
 * @typedef {"passed" | "refused" | "stripped" | "hung up on"} Upgrades
 */

export class Site {
    /** @type {Upgrades} how it takes them from now on */
    upgrades;
    /** Upgrades that it was asked for. */
    asked = 0;
    #agent = new Agent({keepAlive: true});
    #listener = createServer((incoming, response) => this.#serve(incoming, response));
    #server;
    #isDown = false;
    /** @type {Set<import("node:net").Socket>} from browsers, of every kind */
    #near = new Set();
    /** @type {Set<import("node:stream").Duplex>} those that became WebSockets */
    #sockets = new Set();

    /**
     * @param {string} server
     * @param {Upgrades} [upgrades]
     */
    static async before(server, upgrades = "passed") {
        const site = new Site(server, upgrades);
        site.#listener.listen(0, "127.0.0.1");
        await once(site.#listener, "listening");
        site.url = `http://127.0.0.1:${site.#listener.address().port}`;
        return site;
    }

    constructor(server, upgrades) {
        this.#server = new URL(server);
        this.upgrades = upgrades;
        this.#listener.on("upgrade", (incoming, socket, head) => this.#upgrade(incoming, socket, head));
        this.#listener.on("connection", (socket) => {
            keep(this.#near, socket);
            if (this.#isDown) {
                socket.resetAndDestroy();
            }
        });
    }

    /** Ends the WebSockets that are open, in the middle of whatever is on them. */
    endSockets() {
        this.#sockets.forEach((socket) => socket.destroy());
    }

    /** Breaks every connection with a reset, as a network does that forgot about them. */
    cut() {
        this.#near.forEach((socket) => socket.resetAndDestroy());
    }

    /** Cuts, and lets nobody in until it is `up` again. */
    down() {
        this.#isDown = true;
        this.cut();
    }

    up() {
        this.#isDown = false;
    }

    async close() {
        this.#listener.close();
        this.cut();
        this.#agent.destroy();
    }

    async #serve(incoming, response) {
        const {pathname} = new URL(incoming.url, "http://site");
        const client = /^\/cometd-client\/(\w+\.js)$/.exec(pathname);
        const file = client ? `node_modules/cometd/${client[1]}` : PAGES.get(pathname);
        if (file) {
            const type = file.endsWith(".html") ? "text/html; charset=utf-8" : "text/javascript; charset=utf-8";
            response.writeHead(200, {"Content-Type": type}).end(await readFile(new URL(file, import.meta.url)));
            return;
        }
        const outgoing = this.#toServer(incoming, incoming.headers);
        outgoing.on("response", (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        outgoing.on("error", () => response.destroy());
        response.on("close", () => outgoing.destroy());
        incoming.pipe(outgoing);
    }

    #upgrade(incoming, socket, head) {
        this.asked += 1;
        socket.on("error", () => {});
        if (this.upgrades === "refused") {
            socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        } else if (this.upgrades === "hung up on") {
            socket.destroy();
        } else {
            this.#pass(incoming, socket, head);
        }
    }

    #pass(incoming, socket, head) {
        const {connection, upgrade, ...plain} = incoming.headers;
        const outgoing = this.#toServer(incoming, this.upgrades === "passed" ? incoming.headers : plain);
        outgoing.on("upgrade", (answer, far, farHead) => {
            keep(this.#sockets, socket);
            socket.write(`HTTP/1.1 101 Switching Protocols\r\n${rawHead(answer)}\r\n`);
            socket.write(farHead);
            far.write(head);
            far.on("error", () => {}).on("close", () => socket.destroy());
            socket.on("close", () => far.destroy());
            far.pipe(socket).pipe(far);
        });
        outgoing.on("response", (answer) => {
            socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${rawHead(answer)}\r\n`);
            answer.pipe(socket);
        });
        outgoing.on("error", () => socket.destroy());
        outgoing.end();
    }

    #toServer({method, url}, headers) {
        const {hostname, port} = this.#server;
        return request({agent: this.#agent, hostname, port, method, path: url, headers});
    }
}

function keep(set, socket) {
    set.add(socket);
    socket.on("error", () => {}).on("close", () => set.delete(socket));
}

function rawHead({rawHeaders}) {
    let head = "";
    for (let index = 0; index < rawHeaders.length; index += 2) {
        head += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
    }
    return head;
}
