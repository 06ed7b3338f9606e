/**
 * A sanity check of what a screen reader gets: names, labels, identities, headings, and the contrast of all text.
 */

/** WCAG 2.2 AA for normal text. */
const CONTRAST = 4.5;

/**
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>} what is wrong
 */
export function flaws(page) {
    return page.evaluate((wanted) => {
        const found = [];
        const visible = (node) => node.checkVisibility({opacityProperty: true, visibilityProperty: true});
        const told = (node) => `<${node.localName} class="${node.getAttribute("class") ?? ""}"> ${node.textContent.trim().slice(0, 40)}`;
        const named = (node) => {
            const byIds = (node.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean)
                .map((id) => document.getElementById(id)?.textContent ?? "").join("");
            return (node.getAttribute("aria-label") ?? byIds).trim() !== "";
        };

        for (const node of document.querySelectorAll("button, a[href], summary")) {
            // innerText leaves out what is not rendered, as a screen reader does.
            if (visible(node) && !named(node) && node.innerText.trim() === "") {
                found.push(`no name: ${told(node)}`);
            }
        }
        for (const node of document.querySelectorAll("input, select, textarea")) {
            if (visible(node) && !named(node) && [...(node.labels ?? [])].every((label) => label.textContent.trim() === "")) {
                found.push(`no label: ${told(node)}`);
            }
        }
        for (const node of document.querySelectorAll("section, article, aside, dialog, nav, [role=group], [role=log]")) {
            if (visible(node) && !named(node)) {
                found.push(`region without a name: ${told(node)}`);
            }
        }
        for (const node of document.querySelectorAll("svg")) {
            if (node.getAttribute("aria-hidden") !== "true" && !named(node)) {
                found.push(`picture without a name: ${told(node)}`);
            }
        }
        const ids = [...document.querySelectorAll("[id]")].map(({id}) => id);
        for (const id of ids.filter((one, index) => ids.indexOf(one) !== index)) {
            found.push(`id used twice: ${id}`);
        }
        let level = 0;
        for (const heading of document.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
            const next = Number(heading.localName.slice(1));
            if (next > level + 1) {
                found.push(`heading skips a level: ${told(heading)}`);
            }
            level = next;
        }
        if (document.querySelectorAll("h1").length !== 1) {
            found.push("not exactly one h1");
        }
        if (!document.documentElement.lang) {
            found.push("no language");
        }
        if (!document.querySelector("[aria-live=polite]")) {
            found.push("no live region");
        }

        // Contrast: colours as painted, with translucent layers put over what is below them.
        const brush = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
        const painted = (colour) => {
            brush.clearRect(0, 0, 1, 1);
            brush.fillStyle = colour;
            brush.fillRect(0, 0, 1, 1);
            const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
            return [red, green, blue, alpha / 255];
        };
        const over = (top, bottom) => [0, 1, 2].map((one) => top[one] * top[3] + bottom[one] * (1 - top[3])).concat(1);
        const behind = (node) => {
            const layers = [];
            for (let each = node; each; each = each.parentElement) {
                const style = getComputedStyle(each);
                const colour = painted(style.backgroundColor);
                if (colour[3] > 0) {
                    layers.push(colour);
                }
                const night = each.matches(".sky, .hero, .outside");
                if (night) {
                    // Gradients: take the brightest colour of the night.
                    layers.push([20, 54, 63, 1]);
                }
                if (night || colour[3] === 1) {
                    break;
                }
            }
            return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
        };
        const luminance = (colour) => {
            const [red, green, blue] = colour.map((value) => {
                const share = value / 255;
                return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
            });
            return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        };
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode.parentElement;
            if (texts.currentNode.textContent.trim() === "" || !visible(node) || node.closest(".unseen, option, :disabled, svg")) {
                continue;
            }
            const background = behind(node);
            const [high, low] = [luminance(over(painted(getComputedStyle(node).color), background)), luminance(background)].sort((a, b) => b - a);
            const contrast = (high + 0.05) / (low + 0.05);
            if (contrast < wanted) {
                found.push(`contrast ${contrast.toFixed(2)}: ${told(node)}`);
            }
        }
        return found;
    }, CONTRAST);
}
