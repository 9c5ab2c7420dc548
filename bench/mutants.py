"""Would the tests notice? Single changes are put into copies of the pure modules, and each module's logic tests run.

    make mutants MUTANTS="--each 40 soak/drift ledger/"

A change that no test notices is printed with its line. Those known to change nothing are in
bench/equivalent_mutants.txt, each with the reason; they count as neither tried nor missed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.util import cache_from_source
from pathlib import Path
from queue import Queue

import pytest

from bench.mutations import Mutation, mutations
from bench.quickest_first import QuickestFirst

ROOT = Path(__file__).parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")
TIMEOUT_SECONDS = 120.0
TOGETHER = 2
# what takes long to import, and is the same for every copy
PRELOADED = ("numpy", "scipy.optimize", "msgspec", "hypothesis.strategies")
# the tests of each module, those that say most about it first
TESTS = {
    "lab/limits/holding": "holding limits windows",
    "lab/limits/limit": "limits_words limits holding",
    "lab/limits/text": "limits_words limits",
    "lab/faults/text": "faults",
    "lab/faults/schedule": "faults",
    "lab/faults/deeds": "fault_effects fault_words",
    "lab/faults/effects": "fault_effects faults_judged",
    "lab/faults/words": "fault_words faults_judged",
    "lab/plans/bad_second": "watch soak fault_effects",
    "lab/plans/acceptance": "limits_words limits",
    "lab/plans/sampling": "sampling",
    "lab/plans/search": "search",
    "lab/plans/stages": "plans",
    "lab/judging/verdict": "verdict_words verdict ledger_verdict held_load capacity causes verdict_schema",
    "lab/judging/capacity": "capacity capacity_wanted capacity_laws verdict_schema",
    "lab/judging/held_load": "held_load verdict faults_judged exceptions verdict_schema soak",
    "lab/judging/reading": "reading verdict ledger_verdict faults_judged capacity",
    "lab/judging/belief": "accusations generator generator_figures verdict_schema",
    "lab/judging/accusations": "accusations generator generator_figures verdict",
    "lab/judging/binding": "binding causes",
    "lab/judging/causes": "causes binding verdict",
    "lab/judging/littles_law": "littles_law binding",
    "lab/judging/neighbours": "neighbours_judged causes",
    "lab/judging/stationarity": "stationarity capacity reading",
    "lab/counts/answers": "timeline exceptions",
    "lab/counts/clock": "clock",
    "lab/counts/health": "seconds accusations timeline generator generator_figures",
    "lab/counts/histogram": "histogram",
    "lab/counts/names": "names_bounded names",
    "lab/counts/recorder": "names_bounded recorder timeline exceptions",
    "lab/counts/silence": "silence outages",
    "lab/counts/steps": "timeline outages exceptions holding",
    "lab/counts/tally": "timeline exceptions windows histogram holding",
    "lab/counts/templates": "names_bounded names",
    "lab/counts/undone": "names_bounded exceptions",
    "lab/counts/windows": "windows",
    "lab/counts/seconds": "seconds timeline recorder",
    "lab/counts/timeline": "timeline recorder windows silence outages exceptions",
    "lab/ledger/audit": "audit",
    "lab/ledger/books": "books ledger audit",
    "lab/ledger/findings": "books ledger ledger_verdict",
    "lab/ledger/writes": "ledger audit",
    "lab/soak/course": "soak soak_day",
    "lab/soak/drift": "drift_figures drift soak",
    "lab/soak/reliability": "reliability soak",
    "lab/soak/slope": "slope drift",
    "lab/soak/watch": "watch soak soak_day",
    "lab/soak/words": "soak",
    "lab/history/comparison": "comparison_figures comparison compare",
    "lab/service/balance": "balance service binding",
    "scaling/law": "scaling_figures scaling_law",
}


@dataclass(frozen=True)
class Module:
    """A module of the tree, and the files of its tests."""

    name: str

    @property
    def path(self) -> Path:
        return Path("locust" if self.name.startswith("lab/") else ".") / f"{self.name}.py"

    @property
    def tests(self) -> list[str]:
        return [f"tests/logic/test_{name}.py" for name in TESTS[self.name].split()]


@dataclass(frozen=True)
class Outcome:
    """What came of a module's changes."""

    module: Module
    tried: int
    missed: list[Mutation]
    equivalent: int


def main(arguments: list[str]) -> int:
    """Runs the changes and prints the table; 1 where a module's own tests fail before any change."""
    parser = argparse.ArgumentParser(description="Would the tests notice single changes in the pure modules?")
    parser.add_argument("modules", nargs="*", default=[""], help="parts of the names of modules; all of them without")
    parser.add_argument("--each", type=int, default=14, help="changes in each module (14)")
    parser.add_argument("--seed", type=int, default=1, help="which changes (1)")
    wanted = parser.parse_args(arguments)
    known = equivalent()
    for name in PRELOADED:
        import_module(name)
    say(f"{'module':26} {'tried':>6} {'noticed':>8} {'equivalent':>11}")
    outcomes = []
    with copies() as free, ThreadPoolExecutor(TOGETHER) as pool:
        for name in TESTS:
            if any(part in name for part in wanted.modules):
                module = Module(name)
                every = mutations((ROOT / module.path).read_text())
                found = [one for one in every if key(module, one) not in known]
                chosen = random.Random(f"{name} {wanted.seed}").sample(found, min(wanted.each, len(found)))
                if not run(module, None, free):
                    say(f"{name}: its tests fail without any change")
                    return 1
                noticed = pool.map(lambda one, of=module: not run(of, one, free), chosen)
                missed = [one for one, was in zip(chosen, noticed, strict=True) if not was]
                outcomes.append(Outcome(module, len(chosen), missed, len(every) - len(found)))
                show(outcomes[-1])
    tried, missed_count = (sum(outcome.tried for outcome in outcomes), sum(len(one.missed) for one in outcomes))
    say(f"{'all':26} {tried:6} {tried - missed_count:8}   {1 - missed_count / max(1, tried):.1%}")
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def show(outcome: Outcome) -> None:
    """Prints a row of the table, and under it what was not noticed."""
    noticed = outcome.tried - len(outcome.missed)
    say(f"{outcome.module.name:26} {outcome.tried:6} {noticed:8} {outcome.equivalent:11}")
    for one in sorted(outcome.missed, key=lambda one: one.line):
        say(f"    {outcome.module.path}:{one.line}: {one.text} | {one.change}")


def key(module: Module, one: Mutation) -> str:
    return f"{module.name} | {one.text} | {one.change}"


def equivalent() -> set[str]:
    """The changes that are known to change nothing, without their reasons."""
    lines = EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []
    return {line.rpartition(" | ")[0] for line in lines if line and not line.startswith("#")}


@contextlib.contextmanager
def copies() -> Iterator[Queue[Path]]:
    """As many copies of the tree as changes are tried at a time."""
    free: Queue[Path] = Queue()
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    with tempfile.TemporaryDirectory() as folder:
        for number in range(TOGETHER):
            copy = Path(folder) / str(number)
            for name in files.stdout.split():
                if (ROOT / name).is_file():
                    (copy / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(ROOT / name, copy / name)
            free.put(copy)
        yield free


def run(module: Module, mutation: Mutation | None, free: Queue[Path]) -> bool:
    """Whether the module's tests pass with this change in it, or as it is."""
    copy = free.get()
    path = copy / module.path
    try:
        if mutation:
            path.write_text(mutation.source)
        return _passes(copy, module, keep_bytecode=mutation is None)
    finally:
        shutil.copyfile(ROOT / module.path, path)
        # two changes of a module may be as old and as long, so no bytecode of it may be there
        Path(cache_from_source(str(path))).unlink(missing_ok=True)
        free.put(copy)


def _passes(copy: Path, module: Module, *, keep_bytecode: bool) -> bool:
    """Forks, which saves the imports. A test that takes too long has noticed."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setsid()
            sys.dont_write_bytecode = not keep_bytecode
            os._exit(_tested(copy, module))
        os._exit(99)
    until = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == pytest.ExitCode.OK
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


def _tested(copy: Path, module: Module) -> int:
    os.chdir(copy)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.path[:] = [
        str(copy),
        str(copy / "locust"),
        *(path for path in sys.path if path not in ("", str(ROOT), str(ROOT / "locust"))),
    ]
    # the copies must be imported, not what is already here
    for name in [name for name in sys.modules if name.split(".")[0] in ("bench", "lab", "scaling", "tests")]:
        del sys.modules[name]
    # the fixtures of all rings take long to import; that a plugin is imported already is meant
    options = ["-x", "-q", "-p", "no:cacheprovider", "--noconftest", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return int(pytest.main([*options, *module.tests], [QuickestFirst(copy / f"{module.path.stem}.seconds")]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
