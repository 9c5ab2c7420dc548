"""The lab's own locustfile, with a master that forgets a lost worker after 4 s and not after a minute."""

from __future__ import annotations

from locust import runners

from locustfile import *  # noqa: F403 - all that Locust finds there

runners.HEARTBEAT_DEAD_INTERNAL = -4
