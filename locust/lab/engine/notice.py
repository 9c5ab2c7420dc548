"""LAB_NOTIFY: tells persons how a run ended, in whatever they read (Slack, Teams, mail, ntfy, ...). Apprise knows them.

It is sent by a process of its own, `python -m lab.engine.notify`: what hangs in it is killed, and the master goes on
meanwhile. A notice that fails is said, and changes no verdict.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
from gevent import subprocess

from lab.engine.notify import KNOB
from lab.knobs import SettingsError
from lab.report import FILE as REPORT

if TYPE_CHECKING:
    from lab.settings import Settings

log = logging.getLogger(__name__)

SECONDS = 15.0
"""How long sending may take."""
HURRIED_SECONDS = 2.0
"""The same after a signal: `docker compose stop` kills after 10 s, of which the stop takes seven."""
HOME = Path(__file__).resolve().parents[2]


def check(settings: Settings) -> None:
    """Raises SettingsError where no notice could be sent: not after an hour, but before it."""
    if not settings.notify:
        return
    if importlib.util.find_spec("apprise") is None:
        raise SettingsError(
            f"{KNOB}: takes the package apprise, which is not in the image because it adds 20 MB to it: put the line "
            "apprise==2.2.0 into scenario/requirements.txt"
        )
    done = _run(settings.notify, None, SECONDS)
    if done is None or done.returncode:
        raise SettingsError(f"{KNOB}: {_said(done)}")


class Notice:
    """The notice of the newest run, on its way while the master goes on."""

    def __init__(self, urls: str) -> None:
        self._urls = urls
        self._sending: gevent.Greenlet[..., bool] | None = None

    def give(self, sentence: str, run: Path, *, is_hurried: bool) -> None:
        """Begins to send the sentence, and where the run is."""
        if self._urls:
            seconds = HURRIED_SECONDS if is_hurried else SECONDS
            place = f"results/{run.name}/{REPORT} on {socket.gethostname()}"
            self._sending = gevent.spawn(send, self._urls, sentence, place, seconds)

    def join(self) -> None:
        """Returns when it is sent, or has failed."""
        if self._sending:
            self._sending.join()


def send(urls: str, sentence: str, place: str, seconds: float) -> bool:
    """Sends the sentence and the place to all URLs; whether all of them took it. A failure is logged."""
    text = json.dumps({"title": f"Load lab: {sentence.partition(':')[0]}", "body": f"{sentence}\n{place}"})
    done = _run(urls, text, seconds)
    if done is None or done.returncode:
        log.warning("the notice was not sent, which changes no verdict (%s): %s", KNOB, _said(done))
        return False
    return True


def _run(urls: str, text: str | None, seconds: float) -> subprocess.CompletedProcess[str] | None:
    """The process that sends the text, or with None only looks at the URLs; None where it took too long."""
    command = [sys.executable, "-m", "lab.engine.notify", *([] if text is None else ["send"])]
    # by the environment and not as arguments, which everybody on the machine can see
    variables = {**os.environ, KNOB: urls, "PYTHONPATH": str(HOME)}
    try:
        return subprocess.run(
            command,
            input=text or "",
            env=variables,
            cwd=HOME,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None


def _said(done: subprocess.CompletedProcess[str] | None) -> str:
    if done is None:
        return "it took too long"
    return (done.stdout.strip().splitlines() or [f"it ended with code {done.returncode}"])[-1]
