"""Runs of days: what the master keeps does not grow with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lab.counts import timeline
from lab.counts.timeline import Answers, Step, Timeline
from lab.engine.locust_tables import KEPT_SECONDS, MOST_POINTS, trim
from lab.figures import utc
from lab.results import samples

DAY = 86400


def test_the_time_line_lets_go_of_seconds_that_nothing_can_come_for_any_more() -> None:
    line, step = Timeline(started=0), Step(users=10, started=0)
    for second in range(5000):
        line.measure(second, step)
        line.merge([Answers(second, "GET /tests", {20.0: 5}, {}, 100.0, 20.0, "a")])
        assert len(list(line.settle(second - 5))) == (second > 5)
    assert len(line._steps_by_second) <= timeline.LATE_SECONDS + 10
    line.merge([Answers(4500, "GET /tests", {20.0: 1}, {}, 20.0, 20.0, "a")])
    assert sum(step.endpoints["GET /tests"].times.values()) == 5 * 4994 + 1


@dataclass
class Entry:
    """What is trimmed of Locust's statistics, whose own classes would patch this process."""

    num_requests: int = 0
    num_reqs_per_sec: dict[int, int] = field(default_factory=dict)
    num_fail_per_sec: dict[int, int] = field(default_factory=dict)


@dataclass
class Stats:
    entry: Entry = field(default_factory=Entry)
    total: Entry = field(default_factory=Entry)
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def entries(self) -> dict[tuple[str, str], Entry]:
        return {("/tests", "GET"): self.entry}


def test_locusts_own_tables_stay_small_and_their_totals_right() -> None:
    stats = Stats()
    for second in range(0, DAY, 20):
        stats.entry.num_requests += 1
        stats.entry.num_reqs_per_sec[second] = stats.total.num_fail_per_sec[second] = 1
        stats.history.append({"time": second})
        trim(stats, second)
    assert len(stats.entry.num_reqs_per_sec) <= KEPT_SECONDS
    assert len(stats.total.num_fail_per_sec) <= KEPT_SECONDS
    assert len(stats.history) <= MOST_POINTS
    assert stats.history[-1]["time"] == DAY - 20
    assert stats.entry.num_requests == DAY / 20


def test_a_day_is_shown_in_as_many_points_as_two_hours(tmp_path: Path) -> None:
    path, other = tmp_path / "samples.csv", tmp_path / "replicas.csv"
    with path.open("w") as file, other.open("w") as of_replicas:
        file.write("time,users,requests,p95_ms\n")
        of_replicas.write("time,replica,answered\n")
        for second in range(DAY):
            file.write(f"{utc(second)},10,{second % 2},{500 if second == 40000 else 20}\n")
            of_replicas.write(f"{utc(second)},a,1\n{utc(second)},b,1\n")
    shown = samples.read(path)
    assert len(shown) == samples.MOST_READ
    assert {(one.seconds, one.requests) for one in shown} == {(12, 0.5)}
    assert [one.p95_ms for one in shown].count(500) == 1
    thinned, seconds = samples.thin(shown, 600)
    assert (len(thinned), seconds) == (600, 144)
    replicas = samples.read_replicas(other)
    assert len(replicas) <= samples.MOST_READ
    assert [row["replica"] for row in replicas[:4]] == ["a", "b", "a", "b"]
