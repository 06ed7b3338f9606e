// One browser of its own: a worker thread with its own globals, cookies and copy of the library.
//
// The adapters that bring the library to Node keep cookies and the XMLHttpRequest class in globals,
// so two users in one thread would be one browser. On the thread's side this file runs the library
// and obeys; on the test's side `Browser` sends the orders and keeps every message in order.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

const PATIENCE_MS = 20_000;

export class Browser {
  /** Every message of every subscription, whole, in order of arrival. */
  messages = [];
  /** Every message on a meta channel that the library told its listeners. */
  meta = [];
  #worker;
  #orders = new Map();
  #last = 0;
  #changed = new Set();

  /** Opens a browser with a version of the library, 3 or 9. */
  static async open(version) {
    const browser = new Browser();
    browser.#worker = new Worker(fileURLToPath(import.meta.url), { workerData: { version } });
    browser.#worker.on("message", (event) => browser.#receive(event));
    browser.#worker.on("error", (error) => {
      for (const { reject } of browser.#orders.values()) reject(error);
      browser.failure = error;
    });
    await once(browser.#worker, "online");
    return browser;
  }

  /** Shakes hands and resubscribes to `channels` after every handshake, as desks do. */
  up(url, { user, channels = [], allTransports = false } = {}) {
    const headers = user ? { Authorization: `Basic ${btoa(`${user}:demo`)}` } : {};
    return this.order("up", { url, headers, channels, allTransports });
  }

  /** Has the library do something; resolves with its reply. */
  order(name, argument) {
    const id = ++this.#last;
    return within(`${name} ${JSON.stringify(argument)}`, () => this.#state(), (resolve, reject) => {
      this.#orders.set(id, { resolve, reject });
      this.#worker.postMessage({ id, name, argument });
    });
  }

  subscribe(channel) {
    return this.order("subscribe", channel);
  }

  publish(channel, data) {
    return this.order("publish", { channel, data });
  }

  /** Resolves when `seen` finds what it wants in this browser, with what it found. */
  until(what, seen) {
    return within(what, () => this.#state(), (resolve) => {
      const look = () => {
        const found = seen(this);
        if (found) {
          this.#changed.delete(look);
          resolve(found);
        }
      };
      this.#changed.add(look);
      look();
    });
  }

  /** Resolves with all messages when there are at least `count` that `pick` accepts. */
  collect(count, pick = () => true) {
    return this.until(`${count} messages`, ({ messages }) => {
      const picked = messages.filter(pick);
      return picked.length >= count && picked;
    });
  }

  async close() {
    await this.#worker.terminate();
  }

  #receive({ id, reply, message, meta }) {
    if (message) this.messages.push(message);
    if (meta) this.meta.push(meta);
    if (id) {
      this.#orders.get(id).resolve(reply);
      this.#orders.delete(id);
    }
    for (const look of [...this.#changed]) look();
  }

  #state() {
    const meta = this.meta.slice(-5);
    return JSON.stringify({ messages: this.messages, meta, failure: this.failure?.stack }, null, 1);
  }
}

function within(what, state, start) {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`${what}: not in time; seen: ${state()}`));
    const timer = setTimeout(late, PATIENCE_MS);
    const done = (settle) => (value) => {
      clearTimeout(timer);
      settle(value);
    };
    start(done(resolve), done(reject));
  });
}

if (!isMainThread && workerData?.version) {
  const library = await load(workerData.version);
  const orders = obey(library);
  parentPort.on("message", ({ id, name, argument }) => {
    orders[name](argument, (reply) => parentPort.postMessage({ id, reply: plain(reply) }));
  });
}

/** The library as a desk of its time would have it. */
async function load(version) {
  if (version === 3) {
    (await import("cometd-nodejs-client1")).default.adapt();
    const { default: cometd } = await import("cometd3");
    return new cometd.CometD();
  }
  (await import("cometd-nodejs-client2")).adapt();
  const { CometD } = await import("cometd9");
  return new CometD();
}

function obey(library) {
  const tell = (message) => parentPort.postMessage({ message: plain(message) });
  for (const kind of ["handshake", "connect", "disconnect", "subscribe", "unsuccessful"]) {
    library.addListener(`/meta/${kind}`, (meta) => parentPort.postMessage({ meta: plain(meta) }));
  }
  const subscriptions = new Map();
  return {
    up({ url, headers, channels, allTransports }, answer) {
      if (!allTransports) {
        library.unregisterTransport("websocket");
        library.unregisterTransport("callback-polling");
      }
      library.addListener("/meta/handshake", ({ successful }) => {
        if (!successful) return;
        library.batch(() => {
          for (const channel of channels) library.subscribe(channel, tell);
        });
      });
      library.configure({ url, requestHeaders: headers, logLevel: "warn" });
      let answered = false;
      library.addListener("/meta/connect", (reply) => {
        if (!answered && reply.successful) {
          answered = true;
          answer(reply);
        }
      });
      library.handshake();
    },
    subscribe(channel, answer) {
      subscriptions.set(channel, library.subscribe(channel, tell, undefined, answer));
    },
    unsubscribe(channel, answer) {
      library.unsubscribe(subscriptions.get(channel), undefined, answer);
    },
    publish({ channel, data }, answer) {
      library.publish(channel, data, undefined, answer);
    },
    remoteCall({ target, content, timeout }, answer) {
      library.remoteCall(target, content, timeout, undefined, answer);
    },
    batch(publishes, answer) {
      const replies = [];
      library.batch(() => {
        for (const { channel, data } of publishes) {
          library.publish(channel, data, undefined, (reply) => {
            if (replies.push(reply) === publishes.length) answer(replies);
          });
        }
      });
    },
    disconnect(_, answer) {
      library.disconnect(answer);
    },
    status(_, answer) {
      answer({ status: library.getStatus(), transport: library.getTransport()?.getType?.() ?? library.getTransport()?.type });
    },
  };
}

/** What can be sent between threads: the message as JSON has it. */
function plain(value) {
  return JSON.parse(JSON.stringify(value, (key, inner) => (key === "xhr" ? undefined : inner)) ?? "null");
}
