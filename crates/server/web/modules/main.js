/**
 * The page: which desks are open, and what is around them. The address says it: `/desk/?agents=alice,bob`.
 */
import {announce} from "./announce.js";
import {element} from "./element.js";
import {GUIDED, Guide} from "./guide.js";
import {iconButton} from "./action.js";
import {Outside} from "./outside.js";
import {Pane} from "./pane.js";
import {PEOPLE, nameOfUser} from "./people.js";
import {Shortcuts} from "./shortcuts.js";
import {applyTheme, currentTheme, nextTheme} from "./theme.js";
import {Views} from "./views.js";
import {welcome} from "./welcome.js";

/** Desks side by side. More would exhaust the connections a browser opens to one host over HTTP/1.1. */
const DESKS = 2;

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const tools = /** @type {HTMLElement} */ (document.getElementById("tools"));

applyTheme();
main.classList.toggle("alone", matchMedia("(min-width: 861px) and (max-width: 1240px)").matches);

/** @type {Pane[]} */
let panes = [];
/** @type {Pane | null} the one that was used last */
let current = null;
const outside = new Outside();
const views = new Views(/** @type {HTMLElement} */ (document.getElementById("views")), main, (view) => {
    current = panes[Number(view)] ?? current;
});
const guide = new Guide((view) => {
    if (view === "outside") {
        showOutside(true);
    }
    views.show(view);
});
const heading = element("h1", {class: "unseen"}, "Agent desks");
const shortcuts = new Shortcuts(handleShortcut);
document.body.append(guide.node, shortcuts.dialog);

const themeButton = iconButton("theme", "Theme", {class: "quiet"}, () => {
    const theme = nextTheme();
    themeButton.title = `Theme: ${theme}`;
    announce(`Theme: ${theme}`);
});
themeButton.title = `Theme: ${currentTheme()}`;
const helpButton = iconButton("keyboard", "Shortcuts", {class: "quiet"}, () => shortcuts.open());
const guideButton = iconButton("guide", "Guide", {class: "quiet"}, () => beGuided());
const outsideButton = iconButton("outside", "Outside", {class: "quiet"}, () => showOutside(main.classList.contains("alone")));

showAgents(agentsOfAddress());
addEventListener("popstate", () => showAgents(agentsOfAddress()));
addEventListener("pagehide", () => panes.forEach(({session}) => session?.leave()));
setInterval(() => panes.forEach((pane) => pane.tick(Date.now())), 500);

/** @returns {string[]} */
function agentsOfAddress() {
    const agents = new URLSearchParams(location.search).get("agents") ?? "";
    return [...new Set(agents.split(",").map((user) => user.trim()).filter(Boolean))].slice(0, DESKS);
}

/** @param {string[]} users */
function openAgents(users) {
    const address = users.length === 0 ? "/desk/" : `/desk/?agents=${users.map(encodeURIComponent).join(",")}`;
    history.pushState(null, "", address);
    showAgents(users);
}

/**
 * Desks that stay open are left alone: their connections go on.
 *
 * @param {string[]} users
 */
function showAgents(users) {
    const kept = panes.filter(({user}) => users.includes(user));
    panes.filter((pane) => !kept.includes(pane)).forEach((pane) => pane.close());
    panes = users.map((user) => kept.find((pane) => pane.user === user) ?? newPane(user));
    current = panes.find((pane) => pane === current) ?? panes[0] ?? null;
    document.body.classList.toggle("at-work", users.length > 0);
    if (users.length === 0) {
        main.replaceChildren(welcome(openAgents, beGuided));
    } else {
        main.querySelector(".welcome")?.remove();
        if (!heading.isConnected) {
            main.prepend(heading);
        }
        // Moving a node takes the focus from it, so only what is out of place is moved.
        let place = heading.nextElementSibling;
        for (const node of [...panes.map((pane) => pane.node), outside.node]) {
            if (place === node) {
                place = place.nextElementSibling;
            } else {
                main.insertBefore(node, place);
            }
        }
    }
    main.dataset.desks = String(users.length);
    showTools();
    if (guide.isOn && !GUIDED.every((user) => users.includes(user))) {
        guide.end("left");
    }
    views.show("0");
    attend();
}

/** Plays the guided minute on the desks it is for. */
function beGuided() {
    if (panes.map(({user}) => user).join() !== GUIDED.join()) {
        openAgents([...GUIDED]);
    }
    guide.begin();
}

/** @param {string} user */
function newPane(user) {
    /** @type {Pane} */
    const pane = new Pane(user, {
        onOpen: attend,
        onClose: () => openAgents(panes.filter((other) => other !== pane).map((other) => other.user)),
    });
    pane.node.addEventListener("focusin", () => {
        current = pane;
    });
    pane.node.addEventListener("pointerdown", () => {
        current = pane;
    });
    return pane;
}

/** Whoever looks at the desks looks at those that are open now. */
function attend() {
    const sessions = panes.flatMap(({session}) => session ?? []);
    outside.attend(sessions);
    guide.attend(sessions);
    for (const session of sessions) {
        session.addEventListener("interaction", countWaiting);
        session.addEventListener("desk", countWaiting);
    }
    countWaiting();
}

/** The title says it too, for who looks at another tab of the browser. */
function countWaiting() {
    const waiting = views.count();
    const desks = panes.map(({user}) => nameOfUser(user)).join(" and ");
    document.title = [waiting > 0 ? `(${waiting})` : "", desks, desks && "\u00b7", "Encke desk"].filter(Boolean).join(" ");
}

function showTools() {
    const open = panes.map(({user}) => user);
    const second = open.length === 1
        ? element("select", {
            "aria-label": "Add a second desk",
            "on": {change: (event) => openAgents([...open, event.target.value])},
        },
            element("option", {value: "", selected: true, disabled: true}, "Add a desk"),
            ...PEOPLE.filter(({user}) => !open.includes(user)).map(({user, name}) => element("option", {value: user}, name)))
        : null;
    outsideButton.hidden = open.length === 0;
    helpButton.hidden = open.length === 0;
    guideButton.hidden = open.length === 0;
    tools.replaceChildren(...[second, outsideButton, guideButton, helpButton, themeButton].filter((node) => node !== null));
    outsideButton.setAttribute("aria-expanded", String(!main.classList.contains("alone")));
    outsideButton.setAttribute("aria-controls", "outside");
    views.offer(panes);
}

/** @param {boolean} shown where there is room for it beside the desks, or above them */
function showOutside(shown) {
    main.classList.toggle("alone", !shown);
    outsideButton.setAttribute("aria-expanded", String(shown));
    if (shown) {
        views.show("outside");
    }
}

/** @param {string} name */
function handleShortcut(name) {
    switch (name) {
        case "help":
            return shortcuts.open();
        case "outside":
            return panes.length > 0 && showOutside(main.classList.contains("alone"));
        case "first":
        case "second": {
            const index = name === "first" ? 0 : 1;
            current = panes[index] ?? current;
            views.show(/** @type {import("./views.js").View} */ (String(panes.indexOf(/** @type {Pane} */ (current)))));
            return current?.focusDial();
        }
        case "dial":
            return current?.focusDial();
        case "log":
            return current?.toggleLog();
        case "answer":
            return current?.shortcut("Answer");
        case "hold":
            return current?.shortcut("Hold");
        case "hangup":
            return current?.shortcut("Hangup");
        case "user-data":
            return current?.shortcut("UserData");
    }
}
