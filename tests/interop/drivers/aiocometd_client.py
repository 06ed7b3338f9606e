"""aiocometd-ng, an asyncio client. It shakes hands by long-polling and moves to a WebSocket without a
new handshake; it takes its subscriptions up again by itself.

Two of its habits need care. `connection_timeout` breaks on Python 3.10 and later, so it is None.
And its HTTP library keeps no cookies for addresses such as 127.0.0.1, only for names.
"""

import asyncio

from aiocometd_ng import Client, ConnectionType
from aiocometd_ng.extensions import Extension

import wire


class Watch(Extension):
    """Tells of what the client keeps to itself: subscriptions taken up again, and errors."""

    async def outgoing(self, payload, headers):
        pass

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message.get("successful") is False:
                wire.tell("refused", reply=message)
            elif message["channel"] == "/meta/subscribe":
                wire.tell("subscribed")


class Replay(Extension):
    """Asks for what was missed: keeps the last position and subscribes from there on."""

    NEW_ONLY = -1

    def __init__(self):
        self.position = self.NEW_ONLY

    async def outgoing(self, payload, headers):
        for message in payload:
            if message["channel"] == "/meta/handshake":
                message.setdefault("ext", {})["replay"] = True
            elif message["channel"] == "/meta/subscribe":
                positions = {message["subscription"]: self.position}
                message.setdefault("ext", {})["replay"] = positions

    async def incoming(self, payload, headers=None):
        for message in payload:
            if message["channel"] in ("/meta/handshake", "/meta/subscribe"):
                continue
            position = message.get("ext", {}).get("replay", self.NEW_ONLY)
            self.position = max(self.position, position)


class Driver:
    """One client, told what to do by the test."""

    def __init__(self):
        self.client = None
        self.channel = None

    def up(self, order):
        asyncio.ensure_future(self.run(order))

    def publish(self, order):
        asyncio.ensure_future(self.send(order["data"]))

    def down(self, _order):
        asyncio.ensure_future(self.close())

    async def run(self, order):
        self.channel = order["channel"]
        extensions = [Watch()] + ([Replay()] if order["replay"] else [])
        self.client = Client(
            order["url"],
            ConnectionType(order["transport"]),
            connection_timeout=None,
            extensions=extensions,
        )
        await self.client.open()
        await self.client.subscribe(self.channel)
        async for message in self.client:
            wire.tell("message", channel=message["channel"], data=message["data"])

    async def send(self, data):
        await self.client.publish(self.channel, data)
        wire.tell("published", transport=self.client.connection_type.value)

    async def close(self):
        await self.client.close()
        wire.end()


async def main():
    """Obeys until it is told to end."""
    driver = Driver()
    orders = {"up": driver.up, "publish": driver.publish, "down": driver.down}
    wire.obey(asyncio.get_running_loop(), orders)
    await asyncio.Event().wait()


asyncio.run(main())
