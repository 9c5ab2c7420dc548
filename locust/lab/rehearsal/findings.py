"""What would not work under load, by what was seen of each task once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from lab.counts.templates import template
from lab.counts.undone import NEVER_GAVE_WAY
from lab.exchanges.exchange import FAILURE
from lab.rehearsal.turn import Named, Peer, Role, Turn

LEAST_HELD_SECONDS = 0.5
"""Less than that is chance on a busy machine, or an import that is done once."""


class Finding(NamedTuple):
    """Something that was found. What is no problem is good to know."""

    where: str
    text: str
    is_problem: bool = True


def of_roles(roles: Sequence[Role], *, grouped: bool, asked: Collection[Peer]) -> list[Finding]:
    """All findings, the problems first, each once. `asked` are the addresses of all URLs that were reported."""
    found = dict.fromkeys(each for role in roles for each in _of_role(role, grouped, asked))
    return sorted(found, key=lambda finding: not finding.is_problem)


def _of_role(role: Role, grouped: bool, asked: Collection[Peer]) -> Iterator[Finding]:
    for turn in role.turns:
        for rule in (_died, _held, _failed, _unseen(asked), _endless):
            yield from rule(turn)
        yield from _names(turn, grouped)
    yield from _of_tasks(role)


def _of_tasks(role: Role) -> Iterator[Finding]:
    """What is said of all tasks of a class together."""
    tasks = [turn for turn in role.turns if turn.is_a_task]
    silent = [turn for turn in tasks if not (turn.names or turn.error or turn.peers)]
    if tasks and len(silent) == len(tasks):
        yield Finding(role.name, "none of its tasks asks for anything, so there is nothing to measure")
    else:
        for turn in silent:
            yield Finding(_where(turn), "asks for nothing: it counts for nothing", is_problem=False)
    if tasks and role.think_seconds == 0:
        yield Finding(
            role.name,
            "has no think time: each of its users asks again as soon as it is answered (wait_time = between(1, 3))",
            is_problem=False,
        )


def _died(turn: Turn) -> Iterator[Finding]:
    if turn.error and NEVER_GAVE_WAY not in turn.error:
        yield Finding(_where(turn), f"ends in an exception: {turn.error}")


def _held(turn: Turn) -> Iterator[Finding]:
    for place, seconds in turn.held.items():
        if seconds < LEAST_HELD_SECONDS:
            continue
        never = "never gives way" if NEVER_GAVE_WAY in turn.error else f"does not give way for {seconds:.1f} s"
        yield Finding(
            _where(turn),
            f"{never}, at {place}: all users of a worker share one thread, and wait meanwhile (wait by gevent; heavy "
            "work and drivers in C hold it)",
        )


def _failed(turn: Turn) -> Iterator[Finding]:
    for each in turn.exchanges:
        if each["kept_as"] == FAILURE:
            yield Finding(_where(turn), f"{each['endpoint']} failed: {each['failure']}")


def _unseen(asked: Collection[Peer]) -> Callable[[Turn], Iterator[Finding]]:
    def unseen(turn: Turn) -> Iterator[Finding]:
        if any(named.url is None for named in turn.names):
            return  # a client of its own, which says that it asked, and not whom
        for host, port in sorted(turn.peers - set(asked) if turn.names else turn.peers):
            yield Finding(
                _where(turn),
                f"asks {host}:{port} by a client that fires no request event, so the lab cannot count it "
                "(self.environment.events.request.fire)",
            )

    return unseen


def _endless(turn: Turn) -> Iterator[Finding]:
    if turn.is_cut:
        yield Finding(_where(turn), "goes on and on: only its beginning was looked at", is_problem=False)


def _names(turn: Turn, grouped: bool) -> Iterator[Finding]:
    for name, url in turn.names:
        group, is_given = template(name), _is_given(Named(name, url))
        if group != name and (is_given or not grouped):
            yield Finding(
                _where(turn), f"a request is called {name}: each id would be counted by itself (name={group!r})"
            )
        elif group != name:
            yield Finding(_where(turn), f"{name} is counted as {group}; name= gives it a better one", is_problem=False)
        elif "?" in name and not is_given:
            yield Finding(
                _where(turn),
                f"a request is called {name}: where its parameters differ, give it a name={name.partition('?')[0]!r}",
                is_problem=False,
            )


def _is_given(named: Named) -> bool:
    """Whether the scenario gave the name: otherwise it is the end of the URL."""
    return not (named.url and named.url.partition("?")[0].endswith(named.name.partition("?")[0]))


def _where(turn: Turn) -> str:
    return f"{turn.role}.{turn.task}"
