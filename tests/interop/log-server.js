// A Bayeux server that says what a test tells it to: long-polling, one session at a time, and no
// opinion of its own. For what a real server does rarely, or not at all: refusals, silence, order.

import { createServer } from "node:http";
import { once } from "node:events";

export class LogServer {
  /** Every message that came, in order, as it was. */
  received = [];
  /** What the handshake's reply carries. */
  handshakeExt = { replay: true };
  /** Answers a subscribe: more members of its reply, or a promise of them. */
  onSubscribe = () => ({});
  #http;
  #session = 0;
  #held = null;
  #changed = new Set();

  static async start() {
    const server = new LogServer();
    server.#http = createServer((request, response) => server.#handle(request, response));
    server.#http.listen(0, "127.0.0.1");
    await once(server.#http, "listening");
    server.url = `http://127.0.0.1:${server.#http.address().port}/cometd`;
    return server;
  }

  async stop() {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }

  /** The messages on a channel, without what the library adds to all. */
  to(channel) {
    return this.received.filter((message) => message.channel === channel);
  }

  /** Where the last subscribe to a channel begins. */
  begins(subscription) {
    return this.to("/meta/subscribe").findLast((message) => message.subscription === subscription)?.ext?.replay?.[subscription];
  }

  /** Answers the held connect with messages in front of its reply; resolves when it is held again. */
  async bring(messages, ext) {
    await this.until("a held connect", () => this.#held);
    const connects = this.to("/meta/connect").length;
    this.#release({ ext }, messages);
    await this.until("the next connect", () => this.to("/meta/connect").length > connects);
  }

  /** Forgets the session, as a server does that was started anew. */
  async forget() {
    await this.until("a held connect", () => this.#held);
    const handshakes = this.to("/meta/handshake").length;
    this.#session += 1;
    this.#release({ successful: false, error: "402::session_unknown", advice: { reconnect: "handshake", interval: 0 } });
    await this.until("a handshake", () => this.to("/meta/handshake").length > handshakes);
  }

  async until(what, seen) {
    const deadline = Date.now() + 20_000;
    while (!seen()) {
      if (Date.now() > deadline) throw new Error(`${what}: not in time; ${JSON.stringify(this.received.slice(-5))}`);
      await Promise.race([
        new Promise((resolve) => this.#changed.add(resolve)),
        new Promise((resolve) => setTimeout(resolve, 100).unref()),
      ]);
    }
  }

  #release(more, messages = []) {
    const { response, message } = this.#held;
    this.#held = null;
    answer(response, [...messages, { ...reply(message), ...more }]);
  }

  async #handle(request, response) {
    const chunks = await request.toArray();
    const messages = JSON.parse(Buffer.concat(chunks).toString());
    const replies = [];
    for (const message of messages) {
      this.received.push(message);
      if (message.channel === "/meta/disconnect" && this.#held) this.#release({ advice: { reconnect: "none" } });
      if (message.channel === "/meta/connect" && message.advice?.timeout !== 0) {
        this.#held = { response, message };
      } else {
        replies.push({ ...reply(message), ...(await this.#more(message)) });
      }
    }
    if (replies.length > 0) answer(response, replies);
    for (const changed of this.#changed) changed();
    this.#changed.clear();
  }

  async #more(message) {
    switch (message.channel) {
      case "/meta/handshake":
        return {
          version: "1.0", clientId: `session${this.#session}`, supportedConnectionTypes: ["long-polling"],
          ext: this.handshakeExt, advice: { reconnect: "retry", interval: 0, timeout: 60_000 },
        };
      case "/meta/subscribe":
        return { subscription: message.subscription, ...(await this.onSubscribe(message)) };
      default:
        return {};
    }
  }
}

function reply({ channel, id }) {
  return { channel, id, successful: true };
}

function answer(response, messages) {
  const body = JSON.stringify(messages);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}
