/**
 * Building DOM nodes in one expression. Text is always text: nothing here takes HTML.
 *
 * @typedef {Node | string | null | undefined | false} Child
 * @typedef {{
 *   class?: string,
 *   data?: Record<string, string>,
 *   on?: Record<string, (event: any) => void>,
 *   [attribute: string]: unknown,
 * }} Attributes
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes `true` sets an empty attribute; `false`, `null` and `undefined` set none
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (name === "on") {
            for (const [type, listener] of Object.entries(attributes.on ?? {})) {
                node.addEventListener(type, listener);
            }
        } else if (name === "data") {
            Object.assign(node.dataset, value);
        } else if (value !== false && value !== null && value !== undefined) {
            node.setAttribute(name, value === true ? "" : String(value));
        }
    }
    node.append(...children.filter(isNode));
    return node;
}

/**
 * A label with its text above the control. The control gets an id if it has none.
 *
 * @param {string} text
 * @param {HTMLElement} control
 * @returns {HTMLElement}
 */
export function field(text, control) {
    control.id ||= uniqueId("field");
    return element("div", {class: "field"}, element("label", {for: control.id}, text), control);
}

/**
 * Shows text only where it differs, so that screen readers and selections are left alone.
 *
 * @param {HTMLElement} node
 * @param {string} text
 */
export function setText(node, text) {
    if (node.textContent !== text) {
        node.textContent = text;
    }
}

/**
 * @param {string} prefix
 * @returns {string}
 */
export function uniqueId(prefix) {
    lastId += 1;
    return `${prefix}-${lastId}`;
}

let lastId = 0;

/**
 * @param {Child} child
 * @returns {child is Node | string}
 */
function isNode(child) {
    return child !== null && child !== undefined && child !== false;
}
