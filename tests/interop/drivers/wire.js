// The client's side of the protocol between a driver and the test: orders come as one JSON object a
// line on standard input, what the client sees goes out the same way on descriptor 3. Standard output
// and error are the library's own, and only read when something fails.
//
// | Order | What the driver does |
// |---|---|
// | `{"do":"up","url","channel","transport","ack","replay"}` | connects, and subscribes after every handshake as applications do |
// | `{"do":"publish","data"}` | publishes on the channel |
// | `{"do":"down"}` | disconnects and ends |
//
// | Told | When |
// |---|---|
// | `{"told":"subscribed"}` | each time the server took the subscription |
// | `{"told":"message","channel","data"}` | each message of the subscription, in order of arrival |
// | `{"told":"published","transport"}` | the server took the publish; over what it goes now |
// | `{"told":"refused","reply"}` | the server answered with an error |
// | `{"told":"down"}` | the server took the disconnect |

import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

const OUT = 3;

export function tell(told, more = {}) {
  let rest = Buffer.from(`${JSON.stringify({ told, ...more })}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(OUT, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
    }
  }
}

/** Hands each order to the function of its name; ends with the test. */
export function obey(orders) {
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      const { do: name, ...order } = JSON.parse(line);
      orders[name](order);
    })
    .on("close", () => process.exit(1));
}

/** The last word, after which the process ends by itself. */
export function end() {
  tell("down");
  process.exit(0);
}
