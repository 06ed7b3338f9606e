/**
 * A page with the stock CometD client as applications use it: every transport, and a subscription made anew after each
 * handshake. What it receives is in `window.numbers`. Its address says what to subscribe to, `?channel=/a/b`; with
 * `&replay` it goes on where it stopped, and tells in `window.statuses` and `window.gaps` what the server said of that;
 * with `&transport=long-polling` it tries nothing else.
 */
import {CometD} from "/cometd-client/cometd.js";

const query = new URLSearchParams(location.search);
const cometd = new CometD();

window.numbers = [];
window.subscribed = 0;
window.statuses = [];
window.gaps = [];
window.transport = () => cometd.getTransport()?.type;

if (query.get("transport") === "long-polling") {
    cometd.unregisterTransport("websocket");
    cometd.unregisterTransport("callback-polling");
}
if (query.has("replay")) {
    const {AckExtension} = await import("/cometd-client/AckExtension.js");
    const {ReplayExtension} = await import("/js/encke-replay.js");
    cometd.registerExtension("replay", new ReplayExtension({
        onStatus: ({status}) => window.statuses.push(status),
        onGap: (gap) => window.gaps.push(gap),
    }));
    cometd.registerExtension("ack", new AckExtension());
}
cometd.addListener("/meta/handshake", ({successful}) => {
    if (successful) {
        cometd.batch(() => cometd.subscribe(query.get("channel"), ({data}) => window.numbers.push(data), (reply) => {
            window.subscribed += reply.successful ? 1 : 0;
        }));
    }
});
cometd.configure({url: `${location.origin}/cometd`, logLevel: "error"});
cometd.handshake();
