/**
 * The machine's Chromium (or what CHROMIUM names), with a fresh profile, and pages that keep a record of everything
 * that went wrong on them.
 */
import {existsSync} from "node:fs";
import {mkdir} from "node:fs/promises";
import {delimiter, join} from "node:path";
import {fileURLToPath} from "node:url";
import {chromium} from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const ARTIFACTS = fileURLToPath(new URL("../artifacts/", import.meta.url));
const STEP_TIMEOUT_MS = 15_000;

export function launch() {
    return chromium.launch(options());
}

/** @returns {import("playwright-core").LaunchOptions} which browser, and how it is started */
export function options() {
    return {
        executablePath: process.env.CHROMIUM ?? installed(),
        args: [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
        ],
    };
}

/**
 * Browser contexts are separate browsers to the server: cookies are not shared between them.
 *
 * @param {import("playwright-core").Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function newContext(browser, options = {}) {
    const context = await browser.newContext({viewport: {width: 1480, height: 980}, ...options});
    context.setDefaultTimeout(STEP_TIMEOUT_MS);
    return context;
}

/**
 * A page and the complaints about it: errors and warnings on the console, exceptions, requests that failed or were
 * refused. A poll that ends because its page goes away is no complaint.
 *
 * @param {import("playwright-core").BrowserContext} context
 */
export async function newPage(context) {
    const page = await context.newPage();
    /** @type {string[]} */
    const complaints = [];
    page.on("console", (message) => {
        if (message.type() === "error" || message.type() === "warning") {
            complaints.push(`console ${message.type()}: ${message.text()} ${message.location().url}`);
        }
    });
    page.on("pageerror", (error) => complaints.push(`exception: ${error.stack}`));
    page.on("requestfailed", (request) => {
        if (request.failure()?.errorText !== "net::ERR_ABORTED") {
            complaints.push(`failed: ${request.method()} ${request.url()} ${request.failure()?.errorText}`);
        }
    });
    page.on("response", (response) => {
        if (response.status() >= 400) {
            complaints.push(`refused: ${response.status()} ${response.url()}`);
        }
    });
    return {page, complaints};
}

/**
 * @param {import("playwright-core").Page} page
 * @param {string} name
 */
export async function screenshot(page, name) {
    await mkdir(ARTIFACTS, {recursive: true});
    await page.screenshot({path: `${ARTIFACTS}${name}.png`});
}

/**
 * Waits until `look` returns something true, and returns it.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T> | T} look
 * @returns {Promise<T>}
 */
export async function eventually(what, look) {
    const deadline = Date.now() + STEP_TIMEOUT_MS;
    for (;;) {
        const seen = await look();
        if (seen) {
            return seen;
        }
        if (Date.now() > deadline) {
            throw new Error(`${what}: not within ${STEP_TIMEOUT_MS} ms, last saw ${JSON.stringify(seen)}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 25));
    }
}

/** @returns {string} the first of the known names on the PATH */
function installed() {
    for (const name of NAMES) {
        for (const folder of (process.env.PATH ?? "").split(delimiter)) {
            if (existsSync(join(folder, name))) {
                return join(folder, name);
            }
        }
    }
    throw new Error(`none of ${NAMES.join(", ")} is installed; CHROMIUM may name another`);
}
