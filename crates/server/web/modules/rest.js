/**
 * The REST side of one agent: requests with that agent's own credentials, answers checked by `statusCode`.
 *
 * Cookies are left out on purpose. A page with two desks shares one cookie jar, so a session cookie of one agent must
 * never speak for the other; the Authorization header is the identity.
 *
 * @typedef {{method: string, path: string, request?: unknown, httpStatus: number, answer: unknown, milliseconds: number}} Exchange
 */

/** The server refused: `statusCode` is its code, or 0 when no answer came at all. */
export class Refused extends Error {
    /**
     * @param {number} httpStatus
     * @param {number} statusCode
     * @param {string} message
     */
    constructor(httpStatus, statusCode, message) {
        super(message);
        this.name = "Refused";
        this.httpStatus = httpStatus;
        this.statusCode = statusCode;
    }
}

export class Rest {
    /** @type {Record<string, string>} */
    #headers;
    #onExchange;

    /**
     * @param {string | null} authorization value of the Authorization header; null sends none
     * @param {(exchange: Exchange) => void} onExchange told about each request that was answered or failed
     */
    constructor(authorization, onExchange = () => {}) {
        this.#headers = authorization === null ? {} : {Authorization: authorization};
        this.#onExchange = onExchange;
    }

    /**
     * @param {string} path
     * @returns {Promise<any>} the answer, whose statusCode is 0
     * @throws {Refused}
     */
    get(path) {
        return this.#send("GET", path, undefined);
    }

    /**
     * @param {string} path
     * @param {string | object} body an object, or JSON text that must arrive as it is
     * @returns {Promise<any>} the answer, whose statusCode is 0
     * @throws {Refused}
     */
    post(path, body) {
        return this.#send("POST", path, typeof body === "string" ? body : JSON.stringify(body));
    }

    /**
     * @param {string} path
     * @returns {Promise<any>} the answer, whose statusCode is 0
     * @throws {Refused}
     */
    delete(path) {
        return this.#send("DELETE", path, undefined);
    }

    /**
     * @param {string} method
     * @param {string} path
     * @param {string | undefined} body
     */
    async #send(method, path, body) {
        const startedAt = performance.now();
        let httpStatus = 0;
        /** @type {any} */
        let answer = null;
        try {
            const response = await fetch(path, {
                method,
                body,
                credentials: "omit",
                cache: "no-store",
                headers: body === undefined ? this.#headers : {...this.#headers, "Content-Type": "application/json"},
            });
            httpStatus = response.status;
            answer = await response.json();
        } catch (cause) {
            answer ??= {statusMessage: httpStatus === 0 ? "The server cannot be reached." : `HTTP ${httpStatus} without JSON.`};
        }
        this.#onExchange({
            method, path, request: body === undefined ? undefined : JSON.parse(body),
            httpStatus, answer, milliseconds: performance.now() - startedAt,
        });
        if (httpStatus !== 200 || answer.statusCode !== 0) {
            throw new Refused(httpStatus, answer.statusCode ?? 0, answer.statusMessage ?? `HTTP ${httpStatus}`);
        }
        return answer;
    }
}

/**
 * @param {string} user
 * @param {string} password
 * @returns {string} value of an Authorization header (RFC 7617, UTF-8)
 */
export function basicAuthorization(user, password) {
    const bytes = new TextEncoder().encode(`${user}:${password}`);
    return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
