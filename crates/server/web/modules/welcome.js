/**
 * The first page: what this is, and whose desk to open.
 */
import {element, field} from "./element.js";
import {wasGuided} from "./guide.js";
import {svg} from "./icon.js";
import {PEOPLE} from "./people.js";

/**
 * @param {(users: string[]) => void} open
 * @param {() => void} beGuided
 * @returns {HTMLElement}
 */
export function welcome(open, beGuided) {
    const other = element("input", {type: "text", placeholder: "agent1", autocomplete: "username", required: true, pattern: "[^,\\s]+", maxlength: "64"});
    return element("section", {"class": "welcome", "aria-labelledby": "welcome-title"},
        element("div", {class: "hero"},
            element("div", {class: "hero-inner"},
                element("div", {class: "hero-text"},
                    element("h1", {id: "welcome-title"}, element("span", {}, "Change it on one desk. "), element("span", {}, "See it on the other.")),
                    element("p", {class: "lead"}, "Two agents share a call. Whatever one of them attaches to it arrives on both desks, pushed by Encke to the stock CometD client."),
                    ways(open, beGuided)),
                orbitDrawing())),
        element("div", {class: "welcome-people"},
            element("h2", {}, "Or sit down at one desk"),
            element("ul", {class: "people"}, ...PEOPLE.map(({user, name, dn, role}) => element("li", {},
                element("button", {"type": "button", "aria-label": `Open the desk of ${name}`, "on": {click: () => open([user])}},
                    element("span", {"class": "avatar", "aria-hidden": "true"}, name.charAt(0)),
                    element("span", {class: "person-name"}, name),
                    element("span", {class: "person-detail"}, role),
                    element("span", {class: "person-detail"}, dn))))),
            element("form", {
                class: "other-agent",
                on: {
                    submit: (event) => {
                        event.preventDefault();
                        open([other.value.trim()]);
                    },
                },
            }, field("Somebody else", other), element("button", {type: "submit"}, "Open desk"))),
        fromShell());
}

/** The same without a page, for whoever is going to write one. */
function fromShell() {
    return element("div", {class: "welcome-shell"},
        element("h2", {id: "welcome-shell"}, "Or do it from a shell"),
        element("pre", {"tabindex": "0", "role": "region", "aria-labelledby": "welcome-shell"}, [
            "# Alice dials Bob; open Bob\u2019s desk and see it ring",
            `curl -u alice:demo ${location.origin}/api/v2/me/devices/15000/calls \\`,
            "  -d '{\"operationName\":\"Dial\",\"destination\":{\"phoneNumber\":\"15001\"}}'",
        ].join("\n")),
        element("p", {class: "welcome-links"},
            element("a", {href: "/openapi.json"}, "The REST surface, as OpenAPI"),
            element("a", {href: "/asyncapi.json"}, "The notifications, as AsyncAPI")));
}

/**
 * Whoever is here for the first time is best shown around; whoever is not wants the desks.
 *
 * @param {(users: string[]) => void} open
 * @param {() => void} beGuided
 */
function ways(open, beGuided) {
    const isBack = wasGuided();
    const look = (/** @type {boolean} */ first) => `large ${first ? "primary" : "quiet"}`;
    const guided = element("button", {type: "button", class: look(!isBack), on: {click: beGuided}}, isBack ? "Show me again" : "Show me in a minute");
    const alone = element("button", {type: "button", class: look(isBack), on: {click: () => open(["alice", "bob"])}}, "Open Alice and Bob side by side");
    return element("div", {class: "ways"}, ...(isBack ? [alone, guided] : [guided, alone]));
}

/**
 * Two desks on the orbit of Encke's comet, in its true shape (eccentricity 0.848) with the sun in the focus.
 * Decoration; how the comet moves is in welcome.css.
 *
 * @returns {SVGElement}
 */
function orbitDrawing() {
    const desk = (/** @type {string} */ letter, /** @type {number} */ x, /** @type {number} */ y) => svg("g", {"class": "drawn-desk"},
        svg("circle", {cx: String(x), cy: String(y), r: "26"}),
        svg("text", {"x": String(x), "y": String(y + 7), "text-anchor": "middle"}, letter));
    return svg("svg", {"class": "drawing", "viewBox": "0 0 440 340", "aria-hidden": "true"},
        svg("path", {"class": "drawn-orbit", d: "M46.8 257.5A186 98.6 -26 1 1 381.2 94.5A186 98.6 -26 1 1 46.8 257.5Z"}),
        svg("circle", {"class": "drawn-sun", cx: "355.8", cy: "106.9", r: "9"}),
        svg("g", {"class": "drawn-comet"},
            svg("path", {d: "M0 -7C-28 -6 -52 -4 -84 0C-52 4 -28 6 0 7Z"}),
            svg("circle", {cx: "0", cy: "0", r: "7"})),
        desk("A", 46.8, 257.5),
        desk("B", 260.2, 58.5));
}
