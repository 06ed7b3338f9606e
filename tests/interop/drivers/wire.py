"""The client's side of the protocol between a driver and the test; wire.js describes it."""

import json
import os
import sys
import threading

_OUT = os.fdopen(3, "w", encoding="utf-8")


def tell(told, **more):
    """Tells the test what happened."""
    _OUT.write(json.dumps({"told": told, **more}) + "\n")
    _OUT.flush()


def obey(loop, orders):
    """Hands each order to the function of its name, on the loop; ends with the test."""

    def read():
        for line in sys.stdin:
            order = json.loads(line)
            loop.call_soon_threadsafe(orders[order.pop("do")], order)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()


def end():
    """The last word, after which the process ends."""
    tell("down")
    os._exit(0)
