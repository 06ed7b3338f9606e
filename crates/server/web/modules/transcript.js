/**
 * The conversation of an interaction: what was said, who came and went, and who is writing.
 *
 * @typedef {import("./desk-state.js").TranscriptEntry} TranscriptEntry
 */
import {element, setText} from "./element.js";

/** Entries that are not text, in words; others are shown by their type. */
const NOTICES = {ParticipantJoined: "joined", ParticipantLeft: "left", ParticipantRejoined: "came back"};

export class Transcript {
    node = element("ol", {"class": "transcript", "role": "log", "aria-label": "Conversation", "tabindex": "0"});
    /** Who is writing; below the conversation and no part of it. */
    typing = element("p", {class: "typing", hidden: true});
    #lastIndex = -1;

    /** @param {TranscriptEntry[]} entries in order */
    show(entries) {
        this.node.hidden = entries.length === 0;
        const newest = entries.at(-1)?.index ?? -1;
        // Entries may arrive out of order between the GET and the events: draw anew unless they only grew at the end.
        const grown = entries.filter(({index}) => index > this.#lastIndex);
        const kept = this.node.childElementCount + grown.length === entries.length;
        this.node.append(...(kept ? grown : []).map(line));
        if (!kept) {
            this.node.replaceChildren(...entries.map(line));
        }
        if (newest !== this.#lastIndex || !kept) {
            this.node.scrollTop = this.node.scrollHeight;
        }
        this.#lastIndex = newest;
    }

    /** @param {string[]} names of those who are writing */
    showTyping(names) {
        this.typing.hidden = names.length === 0;
        setText(this.typing, names.length === 0 ? "" : `${names.join(", ")} ${names.length === 1 ? "is" : "are"} writing\u2026`);
    }
}

/**
 * @param {TranscriptEntry} entry
 * @returns {HTMLElement}
 */
function line(entry) {
    const who = entry.from?.nickname ?? "";
    const isUnseen = entry.visibility === "Int";
    if (entry.type !== "Text" && entry.type !== "PushUrl") {
        const word = NOTICES[/** @type {keyof NOTICES} */ (entry.type)] ?? entry.type;
        return element("li", {class: "notice"}, `${who} ${word}${isUnseen ? ", unseen by the customer" : ""}`.trim());
    }
    return element("li", {data: {from: entry.from?.type ?? "", visibility: entry.visibility ?? ""}},
        element("span", {class: "said-by"}, isUnseen ? `${who}, unseen by the customer` : who),
        element("span", {class: "said"}, entry.type === "PushUrl" ? link(entry.url ?? "") : entry.text ?? ""));
}

/**
 * What leads to a page of the web is a link; whatever else somebody pushes is text.
 *
 * @param {string} address
 * @returns {HTMLElement | string}
 */
function link(address) {
    const isWeb = URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
    return isWeb ? element("a", {href: address, target: "_blank", rel: "noopener noreferrer"}, address) : address;
}
