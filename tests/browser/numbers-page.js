/**
 * A page with the stock CometD client as applications use it: every transport, and a subscription made anew after each
 * handshake. It shows its user every number that it receives, one below the other. Its address says what to do:
 *
 * | Query | |
 * |---|---|
 * | `channel=/a/b` | what to subscribe to |
 * | `transport=long-polling` | try nothing else |
 * | `replay` | acknowledge, and go on where it stopped after a new handshake |
 * | `sticky=false` | the library's setting `stickyReconnect` |
 * | `move` | when the WebSocket fails, go on with the same session over long-polling |
 */
import {CometD} from "/cometd-client/cometd.js";

const query = new URLSearchParams(location.search);
const cometd = new CometD();
const list = document.getElementById("numbers");

/** What a test asks about: sessions so far, subscriptions taken, what the server said of replay. */
window.seen = {sessions: [], subscribed: 0, statuses: [], gaps: [], transport: () => cometd.getTransport()?.type};

if (query.get("transport") === "long-polling") {
    cometd.unregisterTransport("websocket");
    cometd.unregisterTransport("callback-polling");
}
if (query.has("replay")) {
    const {AckExtension} = await import("/cometd-client/AckExtension.js");
    const {ReplayExtension} = await import("/js/encke-replay.js");
    cometd.registerExtension("replay", new ReplayExtension({
        onStatus: ({status}) => window.seen.statuses.push(status),
        onGap: (gap) => window.seen.gaps.push(gap),
    }));
    cometd.registerExtension("ack", new AckExtension());
}
if (query.has("move")) {
    const decide = cometd.onTransportFailure;
    cometd.onTransportFailure = (message, failureInfo, handler) => {
        const broken = failureInfo.action === "retry" && cometd.getTransport().type === "websocket";
        const more = broken ? {transport: cometd.findTransport("long-polling")} : {};
        decide.call(cometd, message, Object.assign(failureInfo, more), handler);
    };
}
cometd.addListener("/meta/handshake", ({successful, clientId}) => {
    if (successful) {
        window.seen.sessions.push(clientId);
        cometd.batch(() => cometd.subscribe(query.get("channel"), show, (reply) => {
            window.seen.subscribed += reply.successful ? 1 : 0;
        }));
    }
});
cometd.configure({
    url: `${location.origin}/cometd`,
    logLevel: "error",
    stickyReconnect: query.get("sticky") !== "false",
});
cometd.handshake();

function show({data}) {
    const item = document.createElement("li");
    item.textContent = String(data);
    list.append(item);
}
