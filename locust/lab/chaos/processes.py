"""Faults done to a service without Docker: this program starts it, and so knows which processes are its own."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence

import psutil

from lab.chaos.hands import ChaosError
from lab.faults.fault import KILL, PAUSE

ENDS_WITHIN_SECONDS = 10.0
STILL = (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


class Processes:
    """A service as a command: it is started anew after each kill and stop, and ends with this program."""

    def __init__(self, service: str, command: Sequence[str]) -> None:
        self._service, self._command = service, command
        self._process: asyncio.subprocess.Process | None = None
        self._is_away = False
        self._back = asyncio.Event()

    async def run(self) -> int:
        """Starts the command and returns its exit code when it has ended by itself, which no fault made it do."""
        await self._start()
        while True:
            process = self._process
            assert process
            code = await process.wait()
            if self._process is process and not self._is_away:
                return code
            await self._back.wait()

    async def services(self) -> list[str]:
        return [self._service]

    async def begin(self, verb: str, service: str) -> list[str]:
        if service != self._service or self._process is None or self._process.returncode is not None:
            raise ChaosError(f"no process of {service} was started here")
        family = self._family()
        if verb == PAUSE:
            _send(family, signal.SIGSTOP)
            await _until_all_stand_still(family)
            return [str(member.pid) for member in family]
        self._is_away = True
        self._back.clear()
        _send(family if verb == KILL else family[:1], signal.SIGKILL if verb == KILL else signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), ENDS_WITHIN_SECONDS)
        except TimeoutError:
            _send(family, signal.SIGKILL)
            await self._process.wait()
        return [str(member.pid) for member in family]

    async def end(self, verb: str, parts: list[str]) -> None:  # noqa: ARG002 - it has one process
        if verb == PAUSE:
            _send(self._family(), signal.SIGCONT)
        else:
            await self._start()

    async def quit(self) -> None:
        """Ends the service in order, whatever is done to it at the moment."""
        if self._process is not None and self._process.returncode is None:
            family = self._family()
            _send(family, signal.SIGCONT)
            _send(family[:1], signal.SIGTERM)

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(*self._command)
        self._is_away = False
        self._back.set()

    def _family(self) -> list[psutil.Process]:
        """The process and all that came of it."""
        assert self._process
        try:
            first = psutil.Process(self._process.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


async def _until_all_stand_still(family: Sequence[psutil.Process]) -> None:
    deadline = asyncio.get_running_loop().time() + ENDS_WITHIN_SECONDS
    while any(_status(member) not in STILL for member in family):
        if asyncio.get_running_loop().time() > deadline:
            _send(family, signal.SIGCONT)
            raise ChaosError("its processes go on, though they were told to stop")
        await asyncio.sleep(0.01)


def _status(process: psutil.Process) -> str:
    try:
        return str(process.status())
    except psutil.NoSuchProcess:
        return str(psutil.STATUS_DEAD)


def _send(family: Sequence[psutil.Process], number: signal.Signals) -> None:
    for member in family:
        try:
            member.send_signal(number)
        except psutil.NoSuchProcess:
            continue
