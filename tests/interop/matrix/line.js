// The line between one client and the server: a TCP proxy of its own, which can break like one.

import { once } from "node:events";
import { connect, createServer } from "node:net";
import { Transform } from "node:stream";

export class Line {
  #listener = createServer({ allowHalfOpen: true }, (socket) => this.#join(socket));
  #sockets = new Set();
  #port;
  #whole = true;
  #losing = false;
  #lost = 0;

  /** A line to the server at `url`, which may be gone now and then. */
  static async to(url) {
    const line = new Line();
    line.#port = Number(new URL(url).port);
    line.#listener.listen(0, "127.0.0.1");
    await once(line.#listener, "listening");
    return line;
  }

  get port() {
    return this.#listener.address().port;
  }

  /** From now on what the server sends gets lost on the way, and nobody knows, until the line is cut. */
  lose() {
    this.#losing = true;
  }

  /** How many bytes got lost since. */
  get lost() {
    return this.#lost;
  }

  /** Breaks every connection at once, in the middle of whatever is on it. New ones are taken. */
  cut() {
    this.#losing = false;
    this.#lost = 0;
    for (const socket of this.#sockets) slam(socket);
  }

  /** Breaks every connection, and every new one as soon as it is there. */
  down() {
    this.#whole = false;
    this.cut();
  }

  up() {
    this.#whole = true;
  }

  close() {
    this.down();
    this.#listener.close();
  }

  #join(near) {
    this.#keep(near);
    if (!this.#whole) {
      slam(near);
      return;
    }
    const far = connect({ port: this.#port, host: "127.0.0.1", allowHalfOpen: true });
    this.#keep(far);
    near.pipe(far);
    far.pipe(this.#wayBack()).pipe(near);
    near.on("close", () => slam(far));
    far.on("close", () => slam(near));
  }

  /** What the server sends passes through this. */
  #wayBack() {
    return new Transform({
      transform: (chunk, _, pass) => {
        if (this.#losing) this.#lost += chunk.length;
        pass(null, this.#losing ? undefined : chunk);
      },
    });
  }

  #keep(socket) {
    this.#sockets.add(socket);
    socket.setNoDelay();
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
  }
}

/** Ends a connection with a reset; one that is closing already cannot be reset any more. */
function slam(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
