/**
 * What the connection is doing, in one pill: live, reconnecting, over which transport, how fast the last change came.
 *
 * @typedef {import("./session.js").Connection} Connection
 */
import {latencyText} from "./duration.js";
import {element, setText} from "./element.js";

const WORDS = {connecting: "Connecting", live: "Live", reconnecting: "Reconnecting", closed: "Signed out"};

export class ConnectionPill {
    #word = element("span", {class: "pill-word"});
    #transport = element("span", {class: "pill-part"});
    #missed = element("span", {class: "pill-part", title: "Changes happened while the connection was away, and the server has not kept all of them. What is on the desk is up to date."});
    #latency = element("span", {class: "pill-part pill-latency", title: "From the click to this desk"});
    node = element("p", {class: "pill", role: "status"}, element("span", {"class": "pill-dot", "aria-hidden": "true"}), this.#word, this.#transport, this.#missed, this.#latency);

    /** @param {Connection} connection */
    update({status, transport, latency, recoveries, missed}) {
        this.node.dataset.status = status;
        this.node.title = [status === "live" ? transport : "", recoveries === 0 ? "" : `Sessions renewed so far: ${recoveries}`].filter(Boolean).join(" \u00b7 ");
        setText(this.#word, WORDS[status]);
        setText(this.#transport, status === "live" ? transport : "");
        setText(this.#missed, status === "live" && missed ? "events missed" : "");
        setText(this.#latency, status === "live" && latency !== null ? latencyText(latency) : "");
    }
}
