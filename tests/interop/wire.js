// A wire between a client and a server, which a test can cut and mend.

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Wire {
  #listener;
  #sockets = new Set();
  #isCut = false;

  /** Lays a wire to the server at `url`; `wire.url` is this end of it. */
  static async to(url) {
    const wire = new Wire();
    const { hostname, port } = new URL(url);
    wire.#listener = createServer((near) => {
      if (wire.#isCut) {
        near.destroy();
        return;
      }
      const far = connect(port, hostname);
      for (const [socket, other] of [[near, far], [far, near]]) {
        wire.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          wire.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    wire.#listener.listen(0, "127.0.0.1");
    await once(wire.#listener, "listening");
    wire.url = `http://127.0.0.1:${wire.#listener.address().port}`;
    return wire;
  }

  /** Breaks every connection and takes no new one. */
  cut() {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend() {
    this.#isCut = false;
  }

  async close() {
    this.cut();
    this.#listener.close();
    await once(this.#listener, "close");
  }
}
