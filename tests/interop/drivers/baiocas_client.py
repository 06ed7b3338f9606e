"""baiocas, a client for Tornado's loop, with its acknowledgement extension.

A refused or broken connection ends in an exception that nobody catches, after which the client waits
for ever; applications have to hand the failure back to it, as `Transport` does here.
"""

from baiocas.channel_id import ChannelId
from baiocas.client import Client
from baiocas.errors import CommunicationError
from baiocas.extensions.ack import AckExtension
from baiocas.transports.long_polling import LongPollingHttpTransport
from tornado.ioloop import IOLoop

import wire


class Transport(LongPollingHttpTransport):
    """Long-polling that notices when a request fails."""

    def send(self, messages, sync=False):
        def settled(future):
            if future.exception():
                self._client.fail_messages(messages, CommunicationError(future.exception()))

        IOLoop.current().add_future(super().send(messages, sync=sync), settled)


class Driver:
    """One client, told what to do by the test."""

    def __init__(self):
        self.client = None
        self.channel = None
        # It begins a blocking client as well, which cannot be done once a loop is running.
        self.transport = Transport()

    def up(self, order):
        self.channel = order["channel"]
        self.client = Client(order["url"])
        self.client.register_transport(self.transport)
        if order["ack"]:
            self.client.register_extension(AckExtension())
        listen = {
            ChannelId.META_HANDSHAKE: self.handshaken,
            ChannelId.META_SUBSCRIBE: self.subscribed,
            ChannelId.META_PUBLISH: self.published,
            ChannelId.META_DISCONNECT: self.disconnected,
            ChannelId.META_UNSUCCESSFUL: self.refused,
        }
        for channel, listener in listen.items():
            self.client.get_channel(channel).add_listener(listener)
        self.client.handshake()

    def publish(self, order):
        self.client.get_channel(self.channel).publish(order["data"])

    def down(self, _order):
        self.client.disconnect(sync=False)

    def handshaken(self, _channel, reply):
        if reply.successful:
            self.client.get_channel(self.channel).subscribe(self.hear)

    def hear(self, channel, message):
        wire.tell("message", channel=str(channel.channel_id), data=message.data)

    def subscribed(self, _channel, reply):
        if reply.successful:
            wire.tell("subscribed")

    def published(self, _channel, reply):
        if reply.successful:
            wire.tell("published", transport=self.client.transport.name)

    def disconnected(self, _channel, reply):
        if reply.successful:
            wire.end()

    def refused(self, _channel, reply):
        if "error" in reply:
            wire.tell("refused", reply=dict(reply))


def main():
    """Obeys until it is told to end."""
    loop = IOLoop.current()
    driver = Driver()
    orders = {"up": driver.up, "publish": driver.publish, "down": driver.down}
    wire.obey(loop.asyncio_loop, orders)
    loop.start()


main()
