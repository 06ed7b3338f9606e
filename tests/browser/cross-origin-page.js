/**
 * A desktop of another origin, as integrators write them: logs in with Basic once, lives on the session cookie, and
 * subscribes with the stock CometD client. What it receives is in `window.received`.
 */
import {CometD} from "/cometd/cometd.js";

const server = new URLSearchParams(location.search).get("server");
window.received = [];
window.answers = [];

const refused = await fetch(`${server}/api/v2/me`, {credentials: "include"});
window.answers.push([refused.status, await refused.json()]);
const login = await fetch(`${server}/api/v2/me`, {credentials: "include", headers: {Authorization: `Basic ${btoa("alice:demo")}`}});
window.answers.push([login.status, await login.json()]);

const cometd = new CometD();
cometd.unregisterTransport("websocket");
cometd.unregisterTransport("callback-polling");
cometd.configure({url: `${server}/api/v2/notifications`, logLevel: "warn"});
cometd.addListener("/meta/handshake", (reply) => {
    window.handshake = reply;
    if (reply.successful) {
        cometd.batch(() => cometd.subscribe("/v2/me/*", (message) => window.received.push(message), (subscribed) => {
            window.subscribed = subscribed.successful;
        }));
    }
});
cometd.handshake();

window.change = async (id, body) => {
    const answer = await fetch(`${server}/api/v2/me/calls/${id}`, {
        method: "POST", credentials: "include", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    });
    return answer.json();
};
