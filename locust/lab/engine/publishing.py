"""Workers elsewhere: what it takes to open the master's port to them, and what is open then."""

from __future__ import annotations

import ipaddress

from lab.knobs import SettingsError
from lab.settings import Settings, knobs

KNOB = "LAB_MASTER_PUBLISH"


def words(settings: Settings) -> str:
    """What is opened, and how workers come in; empty where nothing is.

    Raises SettingsError where no worker elsewhere could prove itself.
    """
    if not settings.master_publish:
        return ""
    where = ipaddress.ip_address(settings.master_publish)
    if not settings.swarm_secret and str(settings.swarm_secret_file) == knobs()["LAB_SWARM_SECRET_FILE"]:
        raise SettingsError(
            f"{KNOB}={where}: takes LAB_SWARM_SECRET, or a file with it, the same for the workers elsewhere: the one "
            "that is made at the start is known on this machine only. openssl rand -hex 32 makes one"
        )
    place = "all addresses of this machine" if where.is_unspecified else str(where)
    master = "THIS_MACHINE" if where.is_unspecified else str(where)
    return (
        f"{KNOB}: port 5557 of the master is open at {place}. Who reaches it can open connections; only workers with "
        "the same LAB_SWARM_SECRET are heard, and what is said is encrypted. On another machine: "
        f"LOCUST_MASTER_NODE_HOST={master} docker compose up --no-deps --scale worker=8 worker"
    )
