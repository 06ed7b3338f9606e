/**
 * The page: which desks are open, and what is around them. The address says it: `/desk/?agents=alice,bob`.
 */
import {announce} from "./announce.js";
import {element} from "./element.js";
import {icon} from "./icon.js";
import {iconButton} from "./action.js";
import {Outside} from "./outside.js";
import {Pane} from "./pane.js";
import {PEOPLE, nameOfUser} from "./people.js";
import {Shortcuts} from "./shortcuts.js";
import {applyTheme, currentTheme, nextTheme} from "./theme.js";
import {welcome} from "./welcome.js";

/** Desks side by side. More would exhaust the connections a browser opens to one host over HTTP/1.1. */
const DESKS = 2;

/** Parts of the page that a narrow screen shows one at a time. */
/** @typedef {"0" | "1" | "outside"} View */

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const tools = /** @type {HTMLElement} */ (document.getElementById("tools"));
const views = /** @type {HTMLElement} */ (document.getElementById("views"));

applyTheme();
main.classList.toggle("alone", matchMedia("(min-width: 861px) and (max-width: 1240px)").matches);

/** @type {Pane[]} */
let panes = [];
/** @type {Pane | null} the one that was used last */
let current = null;
const outside = new Outside();
const heading = element("h1", {class: "unseen"}, "Agent desks");
const shortcuts = new Shortcuts(handleShortcut);
document.body.append(shortcuts.dialog);

const themeButton = iconButton("theme", "Theme", {class: "quiet"}, () => {
    const theme = nextTheme();
    themeButton.title = `Theme: ${theme}`;
    announce(`Theme: ${theme}`);
});
themeButton.title = `Theme: ${currentTheme()}`;
const helpButton = iconButton("keyboard", "Shortcuts", {class: "quiet"}, () => shortcuts.open());
const outsideButton = iconButton("outside", "Outside", {class: "quiet"}, () => toggleOutside());

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
    document.title = users.length === 0 ? "Encke desk" : `${users.map(nameOfUser).join(" and ")} \u00b7 Encke desk`;
    document.body.classList.toggle("at-work", users.length > 0);
    if (users.length === 0) {
        main.replaceChildren(welcome(openAgents));
    } else {
        main.querySelector(".welcome")?.remove();
        if (!heading.isConnected) {
            main.prepend(heading);
        }
        for (const pane of panes) {
            if (!pane.node.isConnected) {
                main.append(pane.node);
            }
        }
        main.append(outside.node);
    }
    main.dataset.desks = String(users.length);
    showTools();
    showView("0");
    attendOutside();
}

/** @param {string} user */
function newPane(user) {
    /** @type {Pane} */
    const pane = new Pane(user, {
        onOpen: attendOutside,
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

function attendOutside() {
    outside.attend(panes.flatMap(({session}) => session ?? []));
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
    tools.replaceChildren(...[second, outsideButton, helpButton, themeButton].filter((node) => node !== null));
    outsideButton.setAttribute("aria-expanded", String(!main.classList.contains("alone")));
    outsideButton.setAttribute("aria-controls", "outside");
    views.replaceChildren(...(open.length === 0 ? [] : [
        ...panes.map(({user}, index) => viewButton(nameOfUser(user), /** @type {View} */ (String(index)))),
        viewButton("Outside", "outside"),
    ]));
}

/**
 * @param {string} text
 * @param {View} view
 */
function viewButton(text, view) {
    return element("button", {type: "button", data: {view}, on: {click: () => showView(view)}},
        view === "outside" ? icon("outside") : null, text);
}

/** @param {View} view what a narrow screen shows */
function showView(view) {
    main.dataset.view = view;
    for (const button of views.querySelectorAll("button")) {
        button.setAttribute("aria-pressed", String(button.dataset.view === view));
    }
    current = panes[Number(view)] ?? current;
}

function toggleOutside() {
    const hidden = main.classList.toggle("alone");
    outsideButton.setAttribute("aria-expanded", String(!hidden));
    if (!hidden) {
        showView("outside");
    }
}

/** @param {string} name */
function handleShortcut(name) {
    switch (name) {
        case "help":
            return shortcuts.open();
        case "outside":
            return panes.length > 0 && toggleOutside();
        case "first":
        case "second": {
            const index = name === "first" ? 0 : 1;
            current = panes[index] ?? current;
            showView(/** @type {View} */ (String(panes.indexOf(/** @type {Pane} */ (current)))));
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
