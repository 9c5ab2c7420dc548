"""What goes through the master's port: only between those who have the secret, and only what is a message.

Both sides prove by ZeroMQ's CURVE (RFC 26) that they have it before a byte of a message is read. Each frame after that
is encrypted, authenticated and numbered, so that none can be read, forged or sent again. A message travels in parts no
longer than PART_BYTES: what somebody without the secret can make the master hold is one such part.
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
import zmq.green as zmq
from locust.exception import RPCError, RPCSendError
from locust.rpc import Message, zmqrpc
from locust.util.exception_handler import retry
from zmq.utils.monitor import recv_monitor_message

from lab.engine import reports, secret
from lab.engine.endpoints import bare, endpoint, masters_address, own_address
from lab.engine.refusals import REFUSALS, Refused
from lab.judging.verdict import ExitCode
from lab.knobs import SettingsError

if TYPE_CHECKING:
    from lab.engine.secret import Keys
    from lab.settings import Settings

log = logging.getLogger(__name__)

PART_BYTES = 15_000
MOST_PART_BYTES = 16 * 1024
"""What ZeroMQ takes in at once: a part, and what CURVE adds to it."""
MOST_BYTES = 8_000_000
"""Of a message. A report is some kilobytes; the longest is one that waited for a stalled link."""
HANDSHAKE_MS = 3000
"""Who has not proved by then that he has the secret is cut off."""
RECONNECTS_WITHIN_MS = 1000
TURNED_AWAY_TIMES = 3
"""So often a worker is turned away before it says why it thinks that is so: links are cut in other ways as well."""
FAILED = zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_HANDSHAKE_FAILED_AUTH


def sockets_with(settings: Settings) -> tuple[Callable[..., CarefulServer], Callable[..., ProvenClient]]:
    """What stands in for Locust's two sockets. Without a secret the first of them ends the start."""

    def keys() -> Keys:
        try:
            return secret.keys(secret.read(settings.swarm_secret, settings.swarm_secret_file))
        except SettingsError as error:
            print(error, file=sys.stderr)  # noqa: T201 - the one way to say why nothing starts
            sys.exit(ExitCode.WRONG_USAGE)

    return partial(CarefulServer, keys), partial(ProvenClient, keys)


class CarefulServer(zmqrpc.BaseSocket):  # type: ignore[misc, unused-ignore] # Locust leaves it untyped
    """The master's side: takes in messages of workers, counts all else, and never fails because of what came.

    `way` is where the users go instead of to the target, if set.
    """

    way = ""

    def __init__(self, keys: Callable[[], Keys], host: str, port: int) -> None:
        """Listens at the host's address alone. Raises RPCError as Locust's own does, where it cannot."""
        try:
            address = own_address(bare(host))
        except OSError as error:
            raise RPCError(f"Socket bind failure: {host} is no address of this machine: {error}") from error
        super().__init__(zmq.ROUTER, self.ipv4_only(address, port))
        _careful(self.socket)
        self.socket.curve_server = True
        self.socket.curve_publickey, self.socket.curve_secretkey = keys().master
        self._watch = gevent.spawn(_each_event, self.socket.get_monitor_socket(FAILED), _note_stranger)
        try:
            self.socket.bind(endpoint(address, port))
        except (zmq.ZMQError, OSError) as error:
            raise RPCError(f"Socket bind failure: {error}") from error
        self.port = port

    def recv_from_client(self) -> tuple[str, Message]:
        """The next message with its sender."""
        while True:
            try:
                parts: list[bytes] = self.socket.recv_multipart()
            except zmq.ZMQError as error:
                raise RPCError("ZMQ network broken") from error
            try:
                message = read(parts[0], parts[1:])
            except reports.NotReadable as error:
                REFUSALS.note(error.what, str(error))
            else:
                return message.node_id, message

    @retry()  # type: ignore[untyped-decorator, unused-ignore]
    def send_to_client(self, message: Message) -> None:
        """Sends it to the worker that it names."""
        if self.way and message.type == "spawn":
            message.data["host"] = self.way
        try:
            self.socket.send_multipart([message.node_id.encode(), *parts_of(message.serialize())])
        except zmq.ZMQError as error:
            raise RPCSendError("ZMQ sent failure") from error

    def close(self, linger: int | None = None) -> None:
        """Listens no more."""
        self._watch.kill(block=False)
        self.socket.disable_monitor()
        super().close(linger)


class ProvenClient(zmqrpc.BaseSocket):  # type: ignore[misc, unused-ignore] # as above
    """The worker's side: speaks to a master that has the secret, and to nobody else."""

    def __init__(self, keys: Callable[[], Keys], host: str, port: int, identity: str) -> None:
        address = masters_address(bare(host), port)
        super().__init__(zmq.DEALER, self.ipv4_only(address, port))
        _careful(self.socket)
        own = keys()
        self.socket.curve_serverkey = own.master.public
        self.socket.curve_publickey, self.socket.curve_secretkey = own.worker
        self.socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECTS_WITHIN_MS)
        self.socket.setsockopt(zmq.IDENTITY, identity.encode())
        events = self.socket.get_monitor_socket(FAILED | zmq.EVENT_HANDSHAKE_SUCCEEDED)
        self._watch = gevent.spawn(_each_event, events, Welcome(f"{host}:{port}").note)
        self.socket.connect(endpoint(address, port))

    @retry()  # type: ignore[untyped-decorator, unused-ignore]
    def send(self, message: Message) -> None:
        """Sends it to the master, or keeps it until there is one."""
        try:
            self.socket.send_multipart(parts_of(message.serialize()), zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise RPCSendError("ZMQ sent failure") from error

    def recv(self) -> Message:
        """The next message. All else is an RPCError, which the worker notes."""
        try:
            message: Message = Message.unserialize(b"".join(self.socket.recv_multipart()))
        except Exception as error:
            raise RPCError(f"what came is no message ({type(error).__name__})") from error
        return message

    def close(self, linger: int | None = None) -> None:
        """Speaks and listens no more."""
        self._watch.kill(block=False)
        self.socket.disable_monitor()
        super().close(linger)


class Welcome:
    """Whether a worker's master lets it speak; says it once where it does not."""

    def __init__(self, master: str) -> None:
        self._master, self._turned_away, self._was_heard = master, 0, False

    def note(self, event: int, _: int) -> None:
        """Takes in how an attempt to prove the secret went."""
        self._was_heard |= event == zmq.EVENT_HANDSHAKE_SUCCEEDED
        self._turned_away += event != zmq.EVENT_HANDSHAKE_SUCCEEDED
        if self._turned_away == TURNED_AWAY_TIMES and not self._was_heard:
            log.error(
                "The master at %s does not listen to this worker: they do not have the same LAB_SWARM_SECRET, or what "
                "answers there is no master of this lab. Set the same secret for both.",
                self._master,
            )


def read(sender: bytes, parts: Sequence[bytes]) -> Message:
    """The message that a worker sent. Raises NotReadable for all else."""
    length = sum(map(len, parts))
    if length > MOST_BYTES:
        raise reports.NotReadable(f"{length:,} bytes are more than a message has")
    try:
        name = sender.decode()
    except UnicodeDecodeError as error:
        raise reports.NotReadable("its sender has no name") from error
    kind, data, node = reports.read(parts[0] if len(parts) == 1 else b"".join(parts))
    if node != name:
        raise reports.NotReadable("it is not of its sender")
    return Message(kind, data, node)


def parts_of(text: bytes) -> list[bytes]:
    """The message in parts, at least one."""
    return [text[at : at + PART_BYTES] for at in range(0, len(text), PART_BYTES)] or [b""]


def _careful(socket: Any) -> None:
    socket.setsockopt(zmq.MAXMSGSIZE, MOST_PART_BYTES)
    socket.setsockopt(zmq.HANDSHAKE_IVL, HANDSHAKE_MS)


def _note_stranger(event: int, value: int) -> None:
    # who leaves by himself has only looked whether somebody is there, as workers do at their end
    if event != zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL or value == errno.EAGAIN:
        REFUSALS.note(Refused.CONNECTION)


def _each_event(monitor: Any, take: Callable[[int, int], None]) -> None:
    """Hands each event on, with what it says of itself, until the socket is closed."""
    with suppress(zmq.ZMQError):
        while (seen := recv_monitor_message(monitor))["event"] != zmq.EVENT_MONITOR_STOPPED:
            take(seen["event"], seen["value"])
