"""Imports the scenario as a module of its own: no name in it can hide what the lab uses, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType

from lab.knobs import SettingsError
from lab.scenario import place

TAKEN = ("lab", "locust")
"""Names of modules that are not the scenario's to have."""


def load(file: Path) -> ModuleType:
    """The scenario, imported in its own folder, with the modules beside it. To run it takes that folder as well.

    Raises SettingsError, after the traceback, where it cannot be imported.
    """
    folder, name = file.parent, _module_name(file)
    if folder != place.HOME:
        _refuse_clashes(folder)
        _make_room(file)
        sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        # it opens its data by names that are relative to its own folder
        with contextlib.chdir(folder):
            spec.loader.exec_module(module)
    except SettingsError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise SettingsError(f"{file}: cannot be imported: {_cause(error)}") from error
    return module


def _module_name(file: Path) -> str:
    """As Locust has it, unless the lab's process has another module of that name."""
    known = sys.modules.get(file.stem)
    is_free = known is None or file.stem == "locustfile" or getattr(known, "__file__", None) == str(file)
    return file.stem if is_free and file.stem not in TAKEN else f"scenario_{file.stem}"


def _make_room(file: Path) -> None:
    """Where load.py says `from locustfile import Shopper`, that is the one beside it, and not what Locust has loaded."""
    beside = file.parent / "locustfile.py"
    known = getattr(sys.modules.get("locustfile"), "__file__", None)
    if known == str(place.HOME / "locustfile.py") and beside != file and beside.is_file():
        del sys.modules["locustfile"]


def _refuse_clashes(folder: Path) -> None:
    for name in TAKEN:
        for other in (folder / f"{name}.py", folder / name / "__init__.py"):
            if other.is_file():
                raise SettingsError(f"{other}: a module of the name {name} would hide the lab's own; give it another")


def _cause(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError):
        text += (
            ". A package is named in the requirements.txt beside the scenario (scenario/requirements.txt with Compose)"
        )
    return text
