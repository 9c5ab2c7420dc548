"""What the swarm can be accused of, each with its evidence and its remedy in words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from lab.counts import histogram
from lab.counts.health import STANDSTILL_SECONDS, Health
from lab.counts.timeline import Tally
from lab.figures import three_digits
from lab.judging import machines, tolerances
from lab.limits import Finding, Limit, tally_of
from lab.wording import whole_percent_text


@dataclass(frozen=True)
class Window:
    """Judged seconds that belong together: where they are, what was found there, and how each worker was."""

    where: str  # "at 640 users ", or "" where nothing has to be told apart
    findings: Sequence[Finding]
    endpoints: Mapping[str, Tally]
    workers: Mapping[int, Health]
    accounts_due: bool = True  # whether every worker could give account of all its seconds

    def tally(self, limit: Limit) -> Tally:
        """What the limit is held against."""
        return tally_of(limit, self.endpoints)


@dataclass(frozen=True, order=True)
class Charge:
    """What speaks against a worker: how much more than is tolerated, which worker, and what it did."""

    excess: float
    worker: int
    did: str


Rule = Callable[[Window, Health], tuple[float, str] | None]


def of(windows: Sequence[Window], taken_back: Mapping[int, Health] = MappingProxyType({})) -> list[str]:
    """The accusations, each with the worst worker. A worker is accused of one thing: the first explains the others."""
    accused = {worker for worker, health in taken_back.items() if health.stood_still_seconds}
    found = [came_back(worker) for worker in sorted(accused)]
    for rule, what, remedy in _RULES:
        charges = [charge for window in windows for charge in _charges(rule, window, accused)]
        if charges:
            workers = {charge.worker for charge in charges}
            accused |= workers
            others = f" (and {len(workers) - 1} more of the workers)" if len(workers) > 1 else ""
            where = machines.one_alone([window.workers for window in windows], workers)
            found.append(f"{what}: {max(charges).did}{others}. {where}{remedy}")
    return found


def not_held(what: str) -> str:
    """The accusation that the users were not there whom the plan asked for."""
    return f"The swarm did not hold its users: {what}. See in the workers' logs what ended them."


def came_back(worker: int) -> str:
    """The accusation against a worker that was given up, and whose users then were there twice."""
    text = "stopped, was given up for lost, and came back with users that others had taken over"
    return f"The swarm stood still: worker {worker} {text}. {_STOPPED}"


def _charges(rule: Rule, window: Window, but: set[int]) -> Iterator[Charge]:
    for worker, health in window.workers.items():
        if worker not in but and (charge := rule(window, health)):
            excess, did = charge
            yield Charge(excess, worker, f"{window.where}worker {worker} {did}")


def _answered_too_much(_: Window, health: Health) -> tuple[float, str] | None:
    """More answers than its users can have asked for, or than its CPU can have been enough for."""
    if not health.seconds:
        return None
    by_users = tolerances.ANSWERS_PER_USER_SECOND * health.users * health.seconds
    by_cpu = tolerances.ANSWERS_PER_CPU_SECOND * health.cpu_seconds
    most = min(by_users, by_cpu) + health.users
    if health.answered <= most:
        return None
    of = f"its {health.users:,} users" if by_users < by_cpu else f"the {_seconds(health.cpu_seconds)} of CPU it used"
    return health.answered / max(most, 1), f"reported {health.answered:,} answers; {of} can have had {most:,.0f}"


def _clock_is_off(_: Window, health: Health) -> tuple[float, str] | None:
    offset = health.offset_ms or 0.0
    if abs(offset) <= tolerances.OFFSET_MS:
        return None
    side = "behind" if offset > 0 else "ahead of"
    return abs(offset), f"has a clock {_seconds(abs(offset) / 1000)} {side} the master's"


def _clock_jumped(_: Window, health: Health) -> tuple[float, str] | None:
    if health.jump_ms <= tolerances.JUMP_MS:
        return None
    return health.jump_ms, f"had its clock set by {_seconds(health.jump_ms / 1000)}"


def _was_silent(window: Window, health: Health) -> tuple[float, str] | None:
    if not window.accounts_due or health.silent_seconds <= tolerances.SILENT_SECONDS:
        return None
    text = f"gave no account of {_seconds(health.silent_seconds)} of {_seconds(health.expected_seconds)}"
    return health.silent_seconds, text


def _stood_still(_: Window, health: Health) -> tuple[float, str] | None:
    still, seconds = health.stood_still_seconds, max(health.seconds, health.expected_seconds)
    if still <= max(STANDSTILL_SECONDS, tolerances.STANDSTILL_SHARE * seconds):
        return None
    return still, f"did nothing for {_seconds(still)} of {_seconds(seconds)}"


def _did_not_reach_the_target(window: Window, health: Health) -> tuple[float, str] | None:
    """Requests that never left, while others were answered at the same endpoints."""
    share = _unreached(health)
    if share <= tolerances.UNREACHED_SHARE:
        return None
    others = [each for each in window.workers.values() if _unreached(each) < tolerances.UNREACHED_BY_OTHERS * share]
    if share * sum(each.answered for each in others) < tolerances.UNREACHED_EXPECTED:
        return None
    return share, f"found no way to it for {_share(share)} of its {health.answered:,} requests, and others did"


def _unreached(health: Health) -> float:
    return health.unreached / health.answered if health.answered else 0.0


def _had_no_files(_: Window, health: Health) -> tuple[float, str] | None:
    if health.files_full_seconds <= tolerances.FILES_FULL_SHARE * health.seconds:
        return None
    share = health.files_full_seconds / health.seconds
    return share, f"had all {health.files_limit} open in {_share(share)} of its time"


def _turned_away(_: Window, health: Health) -> tuple[float, str] | None:
    # with files enough it is the service that lets thousands wait
    if not health.intended or health.visits_limit is None:
        return None
    share = 1 - health.started / health.intended
    if share <= tolerances.NOT_STARTED_SHARE:
        return None
    bound = f"its {health.files_limit} files are enough for {health.visits_limit} visits in flight"
    return share, f"turned away {_share(share)} of the arrivals, because {bound}"


def _ran_out_of_cpu(_: Window, health: Health) -> tuple[float, str] | None:
    wanted = (health.cpu_seconds + health.waited_seconds) / health.seconds if health.seconds else 0.0
    if health.throttled_share > tolerances.THROTTLED_SHARE:
        return 2 + health.throttled_share, f"was throttled in {_share(health.throttled_share)} of its periods"
    if health.cpu_share > tolerances.BUSY_SHARE:
        of = "its core" if health.cpus == 1 else f"its {three_digits(health.cpus)} CPU"
        return 1 + health.cpu_share, f"used {_share(health.cpu_share)} of {of}"
    if wanted <= tolerances.BUSY_SHARE:
        return None
    used, waited = _share(health.cpu_seconds / health.seconds), _share(health.waited_share)
    return wanted, f"ran in {used} of its time, and waited for a core in {waited}"


def _was_late(window: Window, health: Health) -> tuple[float, str] | None:
    charges = [charge for finding in window.findings if (charge := _late_for(finding, window, health))]
    return max(charges, default=None)


def _late_for(finding: Finding, window: Window, health: Health) -> tuple[float, str] | None:
    """How late the stopwatch was where the limit is, if that is much beside the bound and can have broken the limit."""
    limit, late_ms = finding.limit, lateness_ms(finding.limit, health)
    if finding.measured is None or late_ms <= tolerances.STOPWATCH_SHARE * limit.bound:
        return None
    if finding.kept and limit.measure == "max":
        return None
    if not finding.kept and is_broken_all_the_same(finding, window.tally(limit), health):
        return None
    where = {"avg": "on average", "max": "at worst"}.get(limit.measure, f"at {limit.measure}")
    collecting = health.gc_seconds / health.seconds if health.seconds else 0.0
    garbage = f" and collected garbage in {_share(collecting)} of its time" if collecting > 0.1 else ""
    return late_ms / limit.bound, f"woke {three_digits(late_ms)} ms late {where} where {limit.text} is judged{garbage}"


def lateness_ms(limit: Limit, health: Health) -> float:
    """How late the event loop woke, told as the limit tells response times; 0 for limits on other things."""
    count = sum(health.lags.values())
    if limit.unit != "ms" or not count:
        return 0.0
    match limit.measure:
        case "avg":
            return sum(late * seen for late, seen in health.lags.items()) / count
        case "max":
            return max(health.lags)
        case percentile:
            return histogram.percentile(health.lags, float(percentile[1:])) or 0.0


def is_broken_all_the_same(finding: Finding, tally: Tally, health: Health) -> bool:
    """Whether the limit is broken even without what the event loop's lateness can have added to the answers.

    For a percentile: of the answers that exceed the bound by more than a lateness can add, enough are left when as many
    are taken off as can have met a greater lateness.
    """
    limit, measured = finding.limit, finding.measured or 0.0
    if limit.measure in ("avg", "max"):
        return not limit.keeps(measured - tolerances.WAKES * lateness_ms(limit, health))
    allowed, moments = 1 - float(limit.measure[1:]) / 100, sum(health.lags.values())
    return any(
        sum(count for time, count in tally.times.items() if not limit.keeps(time - tolerances.WAKES * late_ms))
        / tally.successes
        - sum(count for later_ms, count in health.lags.items() if later_ms > late_ms) / moments
        > allowed
        for late_ms in {0.0, *health.lags}
    )


def _share(share: float) -> str:
    """In words; clocks that differ a little make no more than all of it."""
    return whole_percent_text(min(share, 1))


def _seconds(seconds: float) -> str:
    return f"{three_digits(seconds)} s"


_STOPPED = "Look for what stopped it: a pause of its machine, memory that is swapped out, a call that blocks."
_CUT_OFF = "See on its machine why: the names it finds, its routes and ports, its engine."
_CLOCKS = "Keep the clocks in step (NTP)."
_FILES = "Raise its limit of open files (ulimit -n), or add workers."
_RULES: Sequence[tuple[Rule, str, str]] = (
    (_answered_too_much, "The swarm's counts cannot be its own", "See what else reports to this master."),
    (_clock_is_off, "Counts of the swarm are in the wrong seconds", _CLOCKS),
    (_clock_jumped, "Counts of the swarm are in the wrong seconds", _CLOCKS),
    (_did_not_reach_the_target, "Part of the swarm was cut off from the target", _CUT_OFF),
    (_had_no_files, "The swarm ran out of file descriptors", _FILES),
    (_turned_away, "The swarm ran out of file descriptors", _FILES),
    (_ran_out_of_cpu, "The swarm ran out of CPU before the service did", "Add workers or CPUs."),
    (_stood_still, "The swarm stood still", _STOPPED),
    (_was_silent, "Counts of the swarm are missing", "See in its log what ended the worker or cut it off."),
    (
        _was_late,
        "The swarm's stopwatch was late",
        "Look in the users' tasks for calls that do not give way (drivers in C, heavy computing); else add workers.",
    ),
)
"""Each with what it says of the swarm and with its remedy, causes before what follows from them."""
