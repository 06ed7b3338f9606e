// The CometD JavaScript library: `node cometd.js VERSION`, the major version as in package.json.

import { ReplayExtension } from "../../../crates/server/web/js/encke-replay.js";
import { end, obey, tell } from "./wire.js";

const version = Number(process.argv[2]);
const { library, AckExtension } = await load();
let channel;

obey({
  up(order) {
    channel = order.channel;
    if (order.transport === "long-polling") {
      library.unregisterTransport("websocket");
      library.unregisterTransport("callback-polling");
    }
    if (order.replay) library.registerExtension("replay", new ReplayExtension());
    if (order.ack) library.registerExtension("ack", new AckExtension());
    library.addListener("/meta/handshake", ({ successful }) => {
      if (successful) library.batch(() => library.subscribe(channel, hear, subscribed));
    });
    library.addListener("/meta/unsuccessful", ({ failure, ...reply }) => {
      if (!failure) tell("refused", { reply });
    });
    library.configure({ url: order.url, logLevel: "warn" });
    library.handshake();
  },
  publish({ data }) {
    library.publish(channel, data, undefined, ({ successful }) => {
      if (successful) tell("published", { transport: transport() });
    });
  },
  down() {
    library.disconnect(({ successful }) => {
      if (successful) end();
    });
  },
});

function hear({ channel, data }) {
  tell("message", { channel, data });
}

function subscribed({ successful }) {
  if (successful) tell("subscribed");
}

function transport() {
  const current = library.getTransport();
  return current.getType?.() ?? current.type;
}

/** Up to 7 the library is a script for browsers, from 8 a set of modules; each has its own adapter. */
async function load() {
  if (version < 8) {
    (await import("cometd-nodejs-client1")).default.adapt();
    const { default: cometd } = await import(`cometd${version}/cometd.js`);
    const { default: AckExtension } = await import(`cometd${version}/AckExtension.js`);
    return { library: new cometd.CometD(), AckExtension };
  }
  (await import("cometd-nodejs-client2")).adapt();
  const { CometD } = await import(`cometd${version}/cometd.js`);
  const { AckExtension } = await import(`cometd${version}/AckExtension.js`);
  return { library: new CometD(), AckExtension };
}
