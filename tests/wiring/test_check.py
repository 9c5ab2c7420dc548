"""`lab check` does each task once, and says what would not work under load."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import LOCUSTFILES
from tests.support.running_service import ROOT, RunningService, free_port

SECRET = "geheim-4711"


def check(folder: Path, host: str, *options: str, scenario: str = "") -> subprocess.CompletedProcess[str]:
    known = {name: text for name, text in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
    environ = {**known, "LAB_SCENARIO": scenario, "LOCUST_HOST": host}
    return subprocess.run(
        [str(ROOT / "lab"), "check", *options],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_the_labs_own_users_are_ready(target: RunningService, tmp_path: Path) -> None:
    done = check(tmp_path, target.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Reader (LeanHttpUser, 75% of the users, waits " in done.stdout
    assert f"    GET {target.url}/tests: 200 OK, " in done.stdout
    assert "      > User-Agent: LeanHttpUser\n" in done.stdout
    assert '      < [{"name":' in done.stdout.replace('"description"', '"name"')
    last = done.stdout.rstrip().splitlines()[-1]
    assert re.fullmatch(r"READY: all would work \(2 roles, 2 tasks, [23] requests in [\d.]+ s\)\.", last), last


PROBLEMS = (
    "Shopper.on_start: POST /login failed: 404 Client Error",
    "Shopper.buy: ends in an exception: KeyError: 'total', at locustfile.py:",
    "Shopper.buy: a request is called order 18/19: each id would be counted by itself",
    "Shopper.leave: GET /elsewhere failed: HostRefused: 0x7f000001 is not allowed as a target",
    "Shopper.compute: never gives way, at locustfile.py:",
    "Shopper.whisper: asks 127.0.0.1:",
    "Idle: none of its tasks asks for anything",
)
REMARKS = (
    "Shopper: has no think time",
    "Shopper.look: /tests?limit=17 is counted as /tests?limit=[id]",
    "Reader.Browse.on_and_on: goes on and on: only its beginning was looked at",
    "Reader: has no think time",
)


def test_what_would_not_work_is_said_of_each_task(target: RunningService, tmp_path: Path) -> None:
    (shop := tmp_path / "shop").mkdir()
    shutil.copy(LOCUSTFILES / "unready.py", shop / "locustfile.py")
    (shop / "prices.csv").write_text("1 2 3")
    (shop / ".env").write_text(f"SHOP_PASSWORD={SECRET}\n")
    done = check(tmp_path, target.url, "--short", scenario="shop")
    assert done.returncode == 3, done.stdout + done.stderr
    problems, _, rest = done.stdout.partition("Would not work under load\n")[2].partition("\nGood to know\n")
    assert [line for line in PROBLEMS if f"  {line}" not in problems] == [], done.stdout
    assert len(problems.strip().splitlines()) == len(PROBLEMS), problems
    assert [line for line in REMARKS if f"  {line}" not in rest] == [], done.stdout
    assert "  prices.csv (5 bytes)" in done.stdout
    assert "  Browse.first (weight 1)\n" in done.stdout
    assert done.stdout.count("counted as GET again") < 25  # at 20 it is ended, and may be in the middle of one more
    assert SECRET not in done.stdout + done.stderr
    assert done.stdout.rstrip().splitlines()[-1].startswith("NOT READY: 7 things would not work under load (3 roles, ")


@pytest.mark.parametrize(
    ("host", "scenario", "code", "says"),
    [
        ("http://127.0.0.1:{free}", "", 1, "Error: the target http://127.0.0.1:{free} cannot be reached"),
        ("http://127.0.0.1:{free}", "nowhere.py", 2, "LAB_SCENARIO=nowhere.py: takes a locustfile or a folder"),
    ],
)
def test_what_cannot_be_looked_at_has_its_reason(
    host: str, scenario: str, code: int, says: str, tmp_path: Path
) -> None:
    free = str(free_port())
    done = check(tmp_path, host.replace("{free}", free), scenario=scenario)
    assert (done.returncode, says.replace("{free}", free) in done.stderr) == (code, True), done.stderr
