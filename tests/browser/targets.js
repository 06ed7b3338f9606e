/**
 * What a finger is to press, and whether it can: WCAG 2.2 asks for 44 by 44 px at level AAA, and so do those who make
 * phones.
 */

const LEAST_PX = 44;

/**
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>} what is too small, or sticks out at the side
 */
export function unreachable(page) {
    return page.evaluate((least) => {
        const found = [];
        if (document.documentElement.scrollWidth > document.documentElement.clientWidth) {
            found.push(`page is ${document.documentElement.scrollWidth} px wide`);
        }
        const told = (node) => `<${node.localName} class="${node.getAttribute("class") ?? ""}"> ${(node.getAttribute("aria-label") ?? node.textContent).trim().slice(0, 40)}`;
        for (const node of document.querySelectorAll("button, input, select, textarea, summary, a[href]:not(.skip)")) {
            if (!node.checkVisibility({opacityProperty: true, visibilityProperty: true})) {
                continue;
            }
            // The label of a box is pressed with the box.
            const parts = node.type === "checkbox" ? [node, ...node.labels] : [node];
            const rects = parts.map((part) => part.getBoundingClientRect());
            const width = Math.max(...rects.map(({right}) => right)) - Math.min(...rects.map(({left}) => left));
            const height = Math.max(...rects.map(({bottom}) => bottom)) - Math.min(...rects.map(({top}) => top));
            if (width < least || height < least) {
                found.push(`${width.toFixed(0)} x ${height.toFixed(0)}: ${told(node)}`);
            }
            if (Math.min(...rects.map(({left}) => left)) < 0 || Math.max(...rects.map(({right}) => right)) > innerWidth) {
                found.push(`sticks out: ${told(node)}`);
            }
        }
        return found;
    }, LEAST_PX);
}
