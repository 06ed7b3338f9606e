/**
 * Light, dark, or as the system has it. Remembered in this browser.
 */

const STORED_AS = "encke-desk-theme";
const THEMES = /** @type {const} */ (["system", "light", "dark"]);

/** @returns {typeof THEMES[number]} */
export function currentTheme() {
    return THEMES.find((theme) => theme === localStorage.getItem(STORED_AS)) ?? "system";
}

/** Shows the remembered theme. */
export function applyTheme() {
    document.documentElement.dataset.theme = currentTheme();
}

/** @returns {typeof THEMES[number]} the next one, now shown */
export function nextTheme() {
    const next = THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length] ?? "system";
    localStorage.setItem(STORED_AS, next);
    applyTheme();
    return next;
}
