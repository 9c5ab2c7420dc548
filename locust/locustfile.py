"""What Locust loads: it brings up the lab, with the users of the scenario (users.py, or what LAB_SCENARIO names)."""

from lab.engine import start

globals().update(start.up())
