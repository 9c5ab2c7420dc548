"""The audit fails for what is known to be wrong, and neither fails nor passes where nobody could be asked."""

from __future__ import annotations

import json
import sys

import pytest

from bench.audit import judge, main

SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
BAD = {"name": "jinja2", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1", "3.0"]}]}
UNKNOWN = {"name": "gevent", "skip_reason": "Dependency not found on PyPI and could not be audited: gevent (1)"}


@pytest.mark.parametrize(
    ("packages", "says", "exit_code"),
    [
        ([SOUND], "1 packages looked up: 0 known vulnerabilities", 0),
        ([SOUND, BAD], "jinja2 2.0: PYSEC-1, mended in 2.1, 3.0", 1),
        ([SOUND, UNKNOWN], "not looked up, because the database does not know them: gevent", 0),
        ([BAD, UNKNOWN], "1 packages looked up: 1 known", 1),
        ([UNKNOWN, UNKNOWN], "NO AUDIT", 0),
        ([], "NO AUDIT", 0),
    ],
)
def test_a_finding_says_what_was_looked_up(packages: list[object], says: str, exit_code: int) -> None:
    finding = judge(json.dumps({"dependencies": packages, "fixes": []}), "")
    assert says in finding.text
    assert finding.exit_code == exit_code


@pytest.mark.parametrize(
    ("said", "exit_code"),
    [("ERROR: Could not connect to PyPI's vulnerability feed\n", 0), ("Traceback …\nKeyError: 'x'\n", 2), ("", 2)],
)
def test_no_answer_is_told_apart_from_a_tool_that_fails(said: str, exit_code: int) -> None:
    assert judge("", said).exit_code == exit_code


def test_every_lock_is_looked_up(capsys: pytest.CaptureFixture[str]) -> None:
    program = "import json, sys; names = sys.argv[2::2]; sys.stderr.write('Could not connect: ' + ' '.join(names))"
    assert main([sys.executable, "-c", program]) == 0
    said = capsys.readouterr().out
    assert all(f"{folder}/requirements.txt" in said for folder in ("api", "locust", "tests"))
