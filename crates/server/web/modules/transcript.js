/**
 * The conversation of an interaction: who wrote what, who came and left, the newest at the end.
 *
 * @typedef {import("./desk-state.js").TranscriptEntry} TranscriptEntry
 */
import {element} from "./element.js";

/** Entries that are not text, in words; others are shown by their type. */
const NOTICES = {ParticipantJoined: "joined", ParticipantLeft: "left", ParticipantRejoined: "came back"};

export class Transcript {
    node = element("ol", {"class": "transcript", "role": "log", "aria-label": "Conversation", "tabindex": "0"});
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
}

/**
 * @param {TranscriptEntry} entry
 * @returns {HTMLElement}
 */
function line(entry) {
    const who = entry.from?.nickname ?? "";
    if (entry.type !== "Text") {
        const word = NOTICES[/** @type {keyof NOTICES} */ (entry.type)] ?? entry.type;
        return element("li", {class: "notice"}, `${who} ${word}`.trim());
    }
    return element("li", {data: {from: entry.from?.type ?? ""}},
        element("span", {class: "said-by"}, who),
        element("span", {class: "said"}, entry.text ?? ""));
}
