"""Stands in for `docker compose up`: leaves a run whose capacity follows a law, and notes how it was called.

In the working directory, `original` is the run to copy, `cancelled` holds the signal that its caller gets, and with
`too-weak` no size holds its peak.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import time
from pathlib import Path

KNOBS = ("LAB_PLAN", "LAB_PEAK_RPS", "LOCUST_HOST", "WEB_CONCURRENCY", "POOL")
SERVICES = {
    "api": {},
    "master": {},
    "proxy": {"profiles": ["proxy"]},
    "postgres": {"profiles": ["postgres"]},
    "shop": {},
}


def up() -> None:
    """A run of the plan at the size that the command line or API_CPUS say."""
    if Path("cancelled").exists():
        os.kill(os.getppid(), int(Path("cancelled").read_text()))
        time.sleep(20)
    if not Path("original").exists():
        sys.exit("no such service: master")
    scaled = [float(argument.partition("=")[2]) for argument in sys.argv if re.match("(api|shop)=[1-9]", argument)]
    cpus = float(CPUS) / 0.2 if CPUS else 0
    size = scaled[0] if scaled else cpus or float(os.environ.get("POOL") or os.environ["WEB_CONCURRENCY"])
    plan, number = os.environ["LAB_PLAN"], len(list(Path("results").iterdir()))
    folder = Path("results") / f"2026-11-22T10-00-{number:02}Z-{plan}"
    shutil.copytree("original", folder)
    verdict = json.loads((folder / "verdict.json").read_text())
    rps = 100 * size / (1 + 0.05 * (size - 1)) * (1.01, 0.99)[number % 2]
    verdict["capacity"] = {"users": 100, "rps": rps, "rps_interval": [rps * 0.98, rps * 1.02], "reached": size < 9}
    if plan == "peak":
        enough = rps >= float(os.environ["LAB_PEAK_RPS"]) and not Path("too-weak").exists()
        word, sentence = ("PASS", "PASS: held.") if enough else ("FAIL", "FAIL: not held.")
        verdict |= {"verdict": word, "sentence": sentence}
    (folder / "verdict.json").write_text(json.dumps(verdict))


sizes = [Path(argument) for argument in sys.argv if argument.endswith("size.yml")]
((SERVICE, LIMITS),) = json.loads(sizes[0].read_text())["services"].items() if sizes else [("", {})]
CPUS = LIMITS["deploy"]["resources"]["limits"]["cpus"] if LIMITS else None
with Path("calls").open("a") as calls:
    told = {"cpus": CPUS, "service": SERVICE} | {name: os.environ.get(name) for name in KNOBS}
    calls.write(json.dumps([sys.argv[1:], told]) + "\n")
if "config" in sys.argv:
    print(json.dumps({"services": SERVICES}))
if "up" in sys.argv:
    up()
