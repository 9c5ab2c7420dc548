"""What cannot end in a law, told before anything runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lab.arrivals.schedule import OPEN
from lab.knobs import SettingsError
from lab.plans.stages import CAPACITY
from lab.settings import Settings
from scaling.law import FEWEST_SIZES, FREE


def refusal(sizes: Sequence[float], repeats: int, need: float | None, environment: Mapping[str, str]) -> str | None:
    """Why these runs would give no law, and what would; None where they can."""
    if len(set(sizes)) < FEWEST_SIZES:
        return f"{len(set(sizes))} sizes give no law: it takes {FEWEST_SIZES} that differ, better four"
    if len(set(sizes)) < len(sizes):
        return "a size is named twice: --repeats runs each of them more often"
    if len(sizes) * repeats <= FREE:
        return f"{len(sizes) * repeats} runs are too few to tell the law from noise: --repeats 2"
    try:
        knobs = Settings.from_environment({**environment, "LAB_PLAN": CAPACITY})
    except SettingsError as error:
        return str(error)
    return _users(sizes, need, knobs)


def _users(sizes: Sequence[float], need: float | None, knobs: Settings) -> str | None:
    """Whether LAB_MAX_USERS is in the way."""
    times = max(sizes) / min(sizes)
    if knobs.start_users * times > knobs.most_users:
        return (
            f"LAB_MAX_USERS={knobs.most_users} is in the way: a search begins with LAB_START_USERS={knobs.start_users} "
            f"at {min(sizes):g}, and a size of {max(sizes):g} may take {times:g} times as many: "
            f"{knobs.start_users * times:.0f} or more"
        )
    pause = sum(knobs.think_seconds) / 2
    if need is None or (knobs.arrivals != OPEN and (knobs.scenario or not pause)):
        return None  # how often users of a scenario ask is not known yet
    most = knobs.most_users if knobs.arrivals == OPEN else knobs.most_users / pause
    if need > most:
        return (
            f"LAB_MAX_USERS={knobs.most_users} is in the way: so many users make {most:g} req/s at most, not {need:g}"
        )
    return None
