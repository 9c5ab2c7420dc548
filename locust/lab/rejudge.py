"""Judges a finished run again from its folder: `python -m lab.rejudge results/latest --limits "p99<=1s"`.

It prints the sentence and exits with the verdict's code. Nothing is run and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from lab import limits
from lab.judging.verdict import ExitCode, Verdict, judge
from lab.limits import Limit, LimitError
from lab.results import kept


def rejudge(folder: Path, accepted: tuple[Limit, ...] | None) -> Verdict:
    """The verdict on the run in the folder, by these limits or, with None, by its own.

    Raises OSError where a file is missing and ValueError where one is not what a run leaves.
    """
    return judge(kept.evidence(folder, accepted))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m lab.rejudge", description="Judge a finished run again.")
    parser.add_argument("folder", type=Path, help="the run, such as results/latest")
    parser.add_argument("--limits", help='what is accepted instead, such as "p99<=800ms fail<=1%%"')
    parser.add_argument("--json", action="store_true", help="print the whole verdict as JSON")
    options = parser.parse_args(arguments)
    try:
        verdict = rejudge(options.folder, limits.parse(options.limits) if options.limits is not None else None)
    except LimitError as error:
        parser.error(str(error))
    except (OSError, ValueError) as error:
        print(f"cannot judge {options.folder}: {error}", file=sys.stderr)  # noqa: T201 - it is a command
        return ExitCode.LAB_FAILED
    print(json.dumps(verdict.document, indent=2) if options.json else verdict.sentence)  # noqa: T201 - as above
    return verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
