"""Which run is meant? A folder, or among the results its name, the beginning of its name, or `latest`."""

from __future__ import annotations

from pathlib import Path

from lab.wording import some

MOST_NAMED = 5


class UnknownRunError(Exception):
    """No run has that name, or several have; the message says which there are."""


def find(name: str, results: Path) -> Path:
    """The folder that is meant. Raises UnknownRunError where it is not exactly one.

    What follows `results/` in a path counts as well, and its last part: in a container, results/ is elsewhere than in
    the shell that named it.
    """
    if not (last := Path(name).name):
        raise UnknownRunError(_unknown(name, _there(results), results))
    parts = Path(name).parts
    within = parts[parts.index("results") + 1 :] if "results" in parts else (last,)
    for folder in (Path(name), results.joinpath(*within), results / last):
        if folder.is_dir():
            return folder
    there = _there(results)
    meant = [each for each in there if each.startswith(last)]
    if len(meant) == 1:
        return results / meant[0]
    if meant:
        raise UnknownRunError(f"{name} is the beginning of {len(meant)} runs: {some(meant, MOST_NAMED)}")
    raise UnknownRunError(_unknown(name, there, results))


def _there(results: Path) -> list[str]:
    return sorted((path.name for path in results.glob("[!.]*/") if not path.is_symlink()), reverse=True)


def _unknown(name: str, there: list[str], results: Path) -> str:
    if there:
        return f"there is no run {name}; there are {some(there, MOST_NAMED)} in {results}"
    return f"there is no run {name}, and none at all in {results}"
