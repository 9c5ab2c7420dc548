"""What comes in at the master's port, whoever sent it: Locust 2.47 ends its listener for good at one empty frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from locust.exception import RPCError, RPCReceiveError
from locust.rpc import zmqrpc

if TYPE_CHECKING:
    from locust.rpc import Message


class CarefulServer(zmqrpc.Server):  # type: ignore[misc, unused-ignore] # Locust leaves it untyped
    """Takes in messages of workers, and nothing else. `way` is where the users go instead of to the target, if set."""

    way = ""

    def send_to_client(self, msg: Message) -> None:
        """Sends a worker the message."""
        if self.way and msg.type == "spawn":
            msg.data["host"] = self.way
        super().send_to_client(msg)

    def recv_from_client(self) -> tuple[str, Message]:
        """The next message with its sender. All else is an RPCReceiveError, which the master notes."""
        try:
            sender, message = super().recv_from_client()
        except (RPCError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise RPCReceiveError(f"what came is no message ({type(error).__name__})") from error
        if not isinstance(message.type, str) or message.node_id != sender:
            raise RPCReceiveError("what came is no message of its sender")
        return sender, message
