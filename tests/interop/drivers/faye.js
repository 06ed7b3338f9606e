// Faye's client. It shakes hands by long-polling and moves to a WebSocket if it can, without a new
// handshake; it takes its subscriptions up again by itself.

import faye from "faye";

import { end, obey, tell } from "./wire.js";

let client;
let channel;

obey({
  up(order) {
    channel = order.channel;
    client = new faye.Client(order.url, { retry: 1 });
    if (order.transport === "long-polling") client.disable("websocket");
    client.addExtension({ incoming });
    client.subscribe(channel).withChannel((name, data) => tell("message", { channel: name, data }));
  },
  publish({ data }) {
    client.publish(channel, data).then(() => tell("published", { transport: client._dispatcher.connectionType }));
  },
  down() {
    client.disconnect().then(end);
  },
});

/** What the client keeps to itself: subscriptions taken up again, and errors. */
function incoming(message, pass) {
  if (message.successful === false) tell("refused", { reply: message });
  if (message.channel === "/meta/subscribe" && message.successful) tell("subscribed");
  pass(message);
}
