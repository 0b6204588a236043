"""The demo's broker, in a process of its own: amqtt with logins and WIRE's access rules. A real box uses Mosquitto.

python -m appliance.demo.broker BROKER.json
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec


class BrokerPlan(msgspec.Struct, frozen=True):
    """What the broker is started with. `publish` and `subscribe` list topic filters by login."""

    bind: str
    password_file: str
    publish: dict[str, list[str]]
    subscribe: dict[str, list[str]]

    def configuration(self) -> dict[str, Any]:
        """As amqtt wants it."""
        return {
            "listeners": {"default": {"type": "tcp", "bind": self.bind}},
            "timeout_disconnect_delay": 2,
            "plugins": {
                "amqtt.plugins.authentication.FileAuthPlugin": {"password_file": self.password_file},
                "amqtt.plugins.topic_checking.TopicAccessControlListPlugin": {
                    "publish_acl": self.publish,
                    "acl": self.subscribe,
                },
            },
        }


async def serve(plan: BrokerPlan) -> None:
    """Until SIGTERM."""
    from amqtt.broker import Broker

    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    broker = Broker(plan.configuration())
    await broker.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await told.wait()
    await broker.shutdown()


def main() -> None:
    """The process."""
    logging.basicConfig(level=logging.ERROR)
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=BrokerPlan)
    asyncio.run(serve(plan))


if __name__ == "__main__":
    main()
