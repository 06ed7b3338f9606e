// The streaming client of jsforce, which is Faye's with the replay extension that jsforce brings. The
// path ends in a version of the API, and the login is an OAuth header. It shakes hands by
// long-polling and goes on by WebSocket where the server has it, which Salesforce has not.

import jsforce from "@jsforce/jsforce-node";
import { StreamingExtension } from "@jsforce/jsforce-node/lib/api/streaming.js";

import { end, obey, tell } from "./wire.js";

const NEW_ONLY = -1;
let client;
let channel;

obey({
  up(order) {
    channel = order.channel;
    const { origin } = new URL(order.url);
    const connection = new jsforce.Connection({ instanceUrl: origin, accessToken: "none", version: "59.0" });
    const failed = new StreamingExtension.AuthFailure((reply) => tell("refused", { reply }));
    const replay = order.replay ? [new StreamingExtension.Replay(channel, NEW_ONLY)] : [];
    client = connection.streaming.createClient([failed, ...replay, { incoming }]);
    client.subscribe(channel).withChannel((name, data) => tell("message", { channel: name, data }));
  },
  publish({ data }) {
    client.publish(channel, data).then(() => tell("published", { transport: client._dispatcher.connectionType }));
  },
  down() {
    client.disconnect().then(end);
  },
});

function incoming(message, pass) {
  if (message.successful === false) tell("refused", { reply: message });
  if (message.channel === "/meta/subscribe" && message.successful) tell("subscribed");
  pass(message);
}
