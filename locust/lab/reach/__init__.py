"""Where may load go, and what the lab asks for itself? One parse of a URL (place.py), one rule (rule.py)."""

from lab.reach.place import Place, WrongUrl, host_of, parse, path_problem
from lab.reach.rule import HostRefused, Reach, check_name, hold_to, refusal, see_connects

__all__ = [
    "HostRefused",
    "Place",
    "Reach",
    "WrongUrl",
    "check_name",
    "hold_to",
    "host_of",
    "parse",
    "path_problem",
    "refusal",
    "see_connects",
]
