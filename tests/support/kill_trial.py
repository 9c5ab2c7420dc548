"""Does a store keep what it acknowledged, however often the service's processes are killed under writes?"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from tests.support.running_service import RunningService

ANSWERS = UNANSWERED, ACKNOWLEDGED, REFUSED = 0, 1, 2
FOUND = re.compile(rb'"name":"pen (\d+) line (\d+)"')
PAUSE_SECONDS = 0.02
"""Before a writer whose connection broke, or who was refused, writes again."""


@dataclass(frozen=True)
class Kept:
    """What a trial came to: writes by their answer, and by what the store held at the end."""

    kills: int
    seconds: float
    acknowledged: int
    refused: int
    unanswered: int
    lost: int  # acknowledged, and not there
    doubled: int  # there more than once, whatever was answered
    phantom: int  # refused or never sent, and there

    def __str__(self) -> str:
        """One line to print."""
        return (
            f"{self.acknowledged:,} acknowledged writes, {self.kills} kills, {self.seconds:,.0f} s: {self.lost} lost, "
            f"{self.doubled} doubled, {self.phantom} phantom ({self.refused:,} refused, {self.unanswered:,} unanswered)"
        )


class Pen(threading.Thread):
    """Writes line after line on one connection; `answers` has a byte for each line."""

    def __init__(self, number: int, port: int) -> None:
        super().__init__(daemon=True)
        self.answers = bytearray()
        self.acknowledged = 0
        self._number, self._port = number, port
        self._stopped = threading.Event()

    def run(self) -> None:
        """Write until stopped."""
        while not self._stopped.is_set():
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
                    while not self._stopped.is_set():
                        self._write(connection)
            except OSError:
                time.sleep(PAUSE_SECONDS)

    def _write(self, connection: socket.socket) -> None:
        line = len(self.answers)
        self.answers.append(UNANSWERED)
        body = b'{"name":"pen %d line %d","description":""}' % (self._number, line)
        head = b"POST /tests HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = connection.recv(4096)
            if not part:
                raise ConnectionResetError
            answer += part
        status = int(answer[9:12])
        if status == 204:
            self.answers[line] = ACKNOWLEDGED
            self.acknowledged += 1
            return
        if status != 504:
            self.answers[line] = REFUSED
        raise ConnectionAbortedError  # what is left of the answer goes with the connection

    def stop(self) -> None:
        """Let it finish its line."""
        self._stopped.set()
        self.join()


def kill_under_writes(running: RunningService, kills: int, writes: int, pens: int = 8) -> Kept:
    """Spread the kills over so many acknowledged writes, in turn of one worker and of every process; then read all."""
    began = time.monotonic()
    writers = [Pen(number, running.port) for number in range(pens)]
    for writer in writers:
        writer.start()
    try:
        for kill in range(kills):
            _await(writers, writes * (kill + 1) // (kills + 1))
            if kill % 2:
                running.kill_all()
                running.restart()
            else:
                _kill_a_worker(running)
        _await(writers, writes)
    finally:
        for writer in writers:
            writer.stop()
    running.await_status("/ready", 200)
    return _count(running, writers, kills, time.monotonic() - began)


def _await(writers: list[Pen], acknowledged: int) -> None:
    """Wait for so many writes, as long as there are more of them every half minute."""
    before, since = -1, time.monotonic()
    while (now := sum(writer.acknowledged for writer in writers)) < acknowledged:
        if now > before:
            before, since = now, time.monotonic()
        assert time.monotonic() - since < 30, f"no write was acknowledged in 30 s, after {now}"
        time.sleep(0.01)


def _kill_a_worker(running: RunningService) -> None:
    workers: list[psutil.Process] = []
    while not workers:  # one that was killed before may not have been followed yet
        workers = running.workers()
    workers[0].kill()


def _count(running: RunningService, writers: list[Pen], kills: int, seconds: float) -> Kept:
    """What the store holds, held against how each line was answered."""
    found = Counter((int(pen), int(line)) for body in running.pages() for pen, line in FOUND.findall(body))
    lines = Counter[tuple[int, int]]()  # by their answer, and by whether they are there never, once or more often
    for number, writer in enumerate(writers):
        lines.update((answer, min(found.pop((number, line), 0), 2)) for line, answer in enumerate(writer.answers))
    answered = {answer: sum(lines[answer, times] for times in (0, 1, 2)) for answer in ANSWERS}
    return Kept(
        kills=kills,
        seconds=seconds,
        acknowledged=answered[ACKNOWLEDGED],
        refused=answered[REFUSED],
        unanswered=answered[UNANSWERED],
        lost=lines[ACKNOWLEDGED, 0],
        doubled=sum(lines[answer, 2] for answer in ANSWERS),
        phantom=lines[REFUSED, 1] + lines[REFUSED, 2] + found.total(),  # what is left was never sent
    )
