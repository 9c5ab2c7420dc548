"""Sends a notice to the URLs of LAB_NOTIFY: `python -m lab.engine.notify send`; its input is {"title": …, "body": …}.

Without `send` it only looks whether each is a URL that Apprise knows. Its last line says what went wrong, without any
secret of a URL. notice.py starts it.
"""

from __future__ import annotations

import json
import logging
import os
import sys

KNOB = "LAB_NOTIFY"


def main(arguments: list[str]) -> int:
    import apprise  # noqa: PLC0415 - half a second, and not always there

    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    servers = []
    for number, url in enumerate(os.environ[KNOB].split(), 1):
        server = apprise.Apprise.instantiate(url)
        if server is None:
            print(f"URL {number} is none that apprise knows, such as ntfy://topic or mailto://user:password@host")  # noqa: T201 - the master reads it
            return 2
        servers.append(server)
    if "send" not in arguments:
        return 0
    told = json.loads(sys.stdin.read())
    failed = [server.url(privacy=True) for server in servers if not server.notify(**told)]
    if failed:
        print(f"not taken by {', '.join(failed)}")  # noqa: T201 - as above
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
