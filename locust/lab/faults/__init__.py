"""What is broken on purpose while a plan runs: read from text, put into time, and judged by what came of it. Pure."""

from __future__ import annotations

from lab.faults.deeds import Deed, Faults
from lab.faults.effects import Effect, effects, longest_recovery
from lab.faults.fault import Fault
from lab.faults.schedule import refusal
from lab.faults.text import FaultError, parse

__all__ = ["Deed", "Effect", "Fault", "FaultError", "Faults", "effects", "longest_recovery", "parse", "refusal"]
