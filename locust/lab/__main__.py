"""`python -m lab VERB`: what `./lab` and the Compose service `lab` run."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
_INTERRUPTED = 5


def _interrupted(_number: int, frame: FrameType | None) -> NoReturn:
    sys.stderr.write("interrupted\n")
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            # a module in C may make an ImportError of what is raised here, and nothing has begun that must be ended
            os._exit(_INTERRUPTED)
        frame = frame.f_back
    raise SystemExit(_INTERRUPTED)


for _one in _SIGNALS:
    signal.signal(_one, _interrupted)
# ./lab lets them wait until here: what is loaded next takes a while, and would end in a traceback
signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

from lab.commands import lab  # noqa: E402 - as above

lab(prog_name="lab")
