/**
 * Line icons and the orb, as SVG nodes. Decoration only: hidden from screen readers, the button has the name.
 *
 * @typedef {keyof typeof PATHS} IconName
 */

const SVG = "http://www.w3.org/2000/svg";

/** Paths on a 24 x 24 grid, drawn with a round stroke. */
const PATHS = {
    answer: "M5 4h4l1.5 5-2.2 1.5a12 12 0 0 0 5.2 5.2L15 13.5l5 1.5v4a2 2 0 0 1-2.2 2A17 17 0 0 1 3 6.2 2 2 0 0 1 5 4Z",
    hangup: "M3 14.5c-.7-1-.4-2.3.6-3a15.5 15.5 0 0 1 16.8 0c1 .7 1.3 2 .6 3l-1.3 1.8-4.3-1.5-.3-2.6a11.5 11.5 0 0 0-6.2 0l-.3 2.6-4.3 1.5Z",
    hold: "M8.5 5v14M15.5 5v14",
    retrieve: "M7 4.5v15l12-7.5Z",
    keypad: "M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01",
    others: "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20a6.5 6.5 0 0 1 13 0M18.5 8v7M15 11.5h7",
    swap: "M7 7h12l-3.5-3.5M17 17H5l3.5 3.5",
    mute: "M9 9V6.5a3 3 0 0 1 6 0V11M5.5 11a6.5 6.5 0 0 0 11 4.7M18.5 11v1M12 18v3M4 3l16 18",
    unmute: "M12 3.5a3 3 0 0 0-3 3V11a3 3 0 0 0 6 0V6.5a3 3 0 0 0-3-3ZM5.5 11a6.5 6.5 0 0 0 13 0M12 18v3",
    talk: "M4 5h16v11H10l-5 4v-4H4Z",
    take: "M12 3.5V14M8 10.5l4 4 4-4M4 14v6h16v-6",
    link: "M10 14a4 4 0 0 0 5.7 0l3.5-3.5a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.5 3.5a4 4 0 0 0 5.7 5.7l1.5-1.5",
    edit: "M4 20h4L19 9l-4-4L4 16ZM13.5 6.5l4 4",
    remove: "M4.5 7h15M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5.5M13.5 11v5.5",
    leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9",
    done: "M5 12.5 10 17.5 19.5 7",
    close: "M6 6l12 12M18 6 6 18",
    theme: "M12 3.5a8.5 8.5 0 1 0 8.5 8.5A6.5 6.5 0 0 1 12 3.5Z",
    keyboard: "M3 6.5h18v11H3ZM7 10h.01M12 10h.01M17 10h.01M8 14h8",
    guide: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM15.5 8.5l-2 5-5 2 2-5Z",
    outside: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM3 12h18M12 3c3 3 3.5 6 3.5 9s-.5 6-3.5 9c-3-3-3.5-6-3.5-9s.5-6 3.5-9Z",
};

/**
 * @param {IconName} name
 * @returns {SVGElement}
 */
export function icon(name) {
    return svg("svg", {"viewBox": "0 0 24 24", "class": "icon", "aria-hidden": "true"}, svg("path", {d: PATHS[name]}));
}

/**
 * A comet on its orbit: the sign of a call or a session. How it moves is said by `data-state` on the card, in CSS.
 *
 * @returns {SVGElement}
 */
export function orb() {
    return svg("svg", {"viewBox": "0 0 48 48", "class": "orb", "aria-hidden": "true"},
        svg("circle", {"class": "orb-orbit", cx: "24", cy: "24", r: "19"}),
        svg("g", {"class": "orb-comet"},
            svg("path", {"class": "orb-tail", d: "M24 5A19 19 0 0 0 6 18"}),
            svg("circle", {"class": "orb-head", cx: "24", cy: "5", r: "3.5"})),
        svg("circle", {"class": "orb-core", cx: "24", cy: "24", r: "8"}),
        svg("path", {"class": "orb-pause", d: "M21.5 20v8M26.5 20v8"}));
}

/**
 * One SVG node.
 *
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(SVGElement | string)} children
 * @returns {SVGElement}
 */
export function svg(tag, attributes, ...children) {
    const node = /** @type {SVGElement} */ (document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) {
        node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
}
