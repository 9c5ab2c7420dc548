"""Does faults on the master's word (LAB_FAULT): `python -m lab.chaos --control /run/chaos/control`.

In a container it acts on the containers of its own Compose project. With a command behind the options it runs that
command, which is the service `api`, and acts on its processes: so does ./local.sh.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

from lab.chaos.containers import SOCKET, Containers
from lab.chaos.control import Control
from lab.chaos.hands import ChaosError
from lab.chaos.processes import Processes
from lab.knobs import SettingsError, value_of
from lab.reach import Reach, hold_to
from lab.reach.texts import hosts
from lab.settings import knobs

CAN_NOT = 1


async def main(control: Path, engine: str, command: list[str]) -> int:
    """Serves until a signal comes, or the command ends by itself; returns the exit code."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    processes = Processes("api", command) if command else None
    rule = Reach(value_of("LAB_ALLOWED_HOSTS", hosts, knobs()["LAB_ALLOWED_HOSTS"]))
    hold_to(rule)
    if processes:
        answers = Control(processes, at="127.0.0.1", name="127.0.0.1", rule=rule)
    else:
        own = socket.gethostname()
        answers = Control(await asyncio.to_thread(Containers, own, engine), at="0.0.0.0", name=own, rule=rule)
    async with await answers.serve(control):
        runs = asyncio.create_task(processes.run() if processes else stopped.wait())
        await asyncio.wait({runs, asyncio.create_task(stopped.wait())}, return_when=asyncio.FIRST_COMPLETED)
        await answers.close()
        if processes:
            await processes.quit()
            return int(await runs)
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m lab.chaos", description="Do the faults that the master asks for.")
    parser.add_argument("--control", type=Path, required=True, help="the socket at which the master asks")
    parser.add_argument("--engine", default=SOCKET, help="the engine's socket")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="the service as a command, where there is no engine")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    os.umask(0o007)  # the socket is for this user and group
    try:
        sys.exit(asyncio.run(main(options.control, options.engine, options.command)))
    except (ChaosError, SettingsError, OSError) as error:
        print(f"chaos: {error}", file=sys.stderr)  # noqa: T201 - the one way to say why nothing starts
        sys.exit(CAN_NOT)
