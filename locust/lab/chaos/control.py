"""How the master asks for faults: a line of JSON at a socket in a folder that the two alone share, and lines in answer.

    {"ask": "services"}                                   {"services": ["api", "api-1"]}
    {"ask": "way", "host": "api", "port": 5000}           {"host": "a81b", "port": 40123}
    {"ask": "fault", "verb": "pause", "service": "api",   {"on": ["9f2c…"]}, and when it is over {"over": true}
     "seconds": 5, "delay_seconds": 0}

A way, and a fault, last no longer than the connection: where the master is gone, everything is as it was before.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.chaos.hands import ChaosError, Hands
from lab.chaos.way import Way
from lab.faults.fault import CUT, DELAY
from lab.reach import Reach

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 8
MOST_BYTES = 4096
ASKS_WITHIN_SECONDS = 5.0


class Control:
    """Answers the master. `at` is where a way listens, `name` under which address the swarm finds it.

    `rule`: where a way may lead.
    """

    def __init__(self, hands: Hands, at: str, name: str, rule: Reach) -> None:
        self._hands, self._at, self._name, self._rule = hands, at, name, rule
        self._way: Way | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def serve(self, path: Path) -> asyncio.Server:
        """Listens at the path, in the place of whatever was left there."""
        path.unlink(missing_ok=True)
        return await asyncio.start_unix_server(self._welcome, path, limit=MOST_BYTES)

    async def close(self) -> None:
        """Ends what goes on, and undoes it."""
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= MOST_CONNECTIONS:
            writer.close()
            return
        talk = asyncio.create_task(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await asyncio.wait_for(reader.readline(), ASKS_WITHIN_SECONDS)
            await self._answer(json.loads(line), reader, writer)
        except ChaosError as error:
            log.warning("%s", error)
            _say(writer, {"error": str(error)})
        except (KeyError, TypeError, ValueError, TimeoutError) as error:
            _say(writer, {"error": f"what was asked cannot be read: {error!r}"})
        except OSError as error:
            _say(writer, {"error": str(error)})
        finally:
            writer.close()

    async def _answer(
        self, asked: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match asked["ask"]:
            case "services":
                _say(writer, {"services": await self._hands.services()})
            case "way":
                await self._keep_way(Way(str(asked["host"]), int(asked["port"]), self._rule), reader, writer)
            case "fault":
                await self._do(asked, reader, writer)
            case _:
                raise ValueError(asked["ask"])

    async def _keep_way(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._way is not None:
            raise ChaosError("another run has its way here: wait until it has ended")
        self._way = way
        try:
            server = await way.serve(self._at)
            async with server:
                _say(writer, {"host": self._name, "port": server.sockets[0].getsockname()[1]})
                await reader.read()  # its end: the master says nothing more
                way.reset()
        finally:
            self._way = None

    async def _do(self, asked: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb, service, seconds = str(asked["verb"]), asked["service"], float(asked["seconds"])
        parts = await self._begin(verb, service, float(asked["delay_seconds"]))
        log.info("%s %s: done to %s", verb, service or "", ", ".join(parts))
        try:
            _say(writer, {"on": parts})
            if seconds:
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(), seconds)  # its end: the master is gone
        finally:
            await self._end(verb, service, parts)
            log.info("%s %s: over", verb, service or "")
        _say(writer, {"over": True})

    async def _begin(self, verb: str, service: str | None, delay_seconds: float) -> list[str]:
        if service is not None:
            return await self._hands.begin(verb, service)
        if self._way is None:
            raise ChaosError("the swarm does not come this way")
        if verb == CUT:
            self._way.cut()
        elif verb == DELAY:
            self._way.delay_seconds = delay_seconds
        else:
            raise ValueError(verb)
        return [f"the way to {self._way.to[0]}:{self._way.to[1]}"]

    async def _end(self, verb: str, service: str | None, parts: list[str]) -> None:
        if service is not None:
            await self._hands.end(verb, parts)
        elif self._way is not None:
            self._way.mend()


def _say(writer: asyncio.StreamWriter, document: Mapping[str, Any]) -> None:
    if not writer.is_closing():
        writer.write(json.dumps(document).encode() + b"\n")
