# ruff: noqa: T201 - a program that prints its finding
"""Has anything that the lab is made of a known vulnerability? `python -m bench.audit` asks PyPI's database.

Where the database cannot be reached there is no audit: that is said, and is no failure. What it does not know is named.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
LOCKS = tuple(ROOT / folder / "requirements.txt" for folder in ("api", "locust", "tests"))
UV = str(Path(sys.executable).with_name("uv"))
TOOLS = [UV, "run", "--quiet", "--no-project", "--isolated", "--with-requirements", str(ROOT / "tests" / "supply.txt")]
AUDIT = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
NOT_REACHED = "Could not connect"  # pip-audit's words


class Finding(NamedTuple):
    """What is to be said, and the exit code."""

    text: str
    exit_code: int


def judge(printed: str, said: str) -> Finding:
    """The finding of what pip-audit printed as JSON, and said beside it."""
    try:
        packages: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        reason = said.strip().splitlines()[-1:] or ["it printed nothing"]
        if NOT_REACHED in said:
            return Finding(f"NO AUDIT: the database of vulnerabilities cannot be reached: {reason[0]}", 0)
        return Finding(f"NO AUDIT: pip-audit failed: {reason[0]}", 2)
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if len(unknown) == len(packages):
        return Finding("NO AUDIT: the database of vulnerabilities knows none of the packages: it cannot be reached", 0)
    bad = [
        f"{package['name']} {package['version']}: {problem['id']}, mended in {', '.join(problem['fix_versions'])}"
        for package in packages
        for problem in package.get("vulns", ())
    ]
    lines = [f"{len(packages) - len(unknown)} packages looked up: {len(bad)} known vulnerabilities", *bad]
    if unknown:
        lines.append(f"not looked up, because the database does not know them: {', '.join(unknown)}")
    return Finding("\n".join(lines), 1 if bad else 0)


def main(tool: Sequence[str] = (*TOOLS, *AUDIT)) -> int:
    """Run the audit, print what it found, and return the exit code."""
    command = [*tool, *(part for lock in LOCKS for part in ("--requirement", str(lock)))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    finding = judge(done.stdout, done.stderr)
    print(finding.text)
    return finding.exit_code


if __name__ == "__main__":
    sys.exit(main())
