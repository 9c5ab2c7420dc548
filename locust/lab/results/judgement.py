"""The files that a verdict becomes, when the run ends and when it is judged again."""

from __future__ import annotations

from pathlib import Path

from lab.judging.document import Document
from lab.results import files, junit, summary

FILE = "verdict.json"


def write(folder: Path, document: Document, *, is_last: bool = True) -> None:
    """Writes the verdict for programs, for test reports and for people. Raises OSError where it cannot."""
    files.write_text(folder / junit.FILE, junit.text(document), is_last=is_last)
    files.write_text(folder / summary.FILE, summary.text(document, folder.resolve().name), is_last=is_last)
    files.write_json(folder / FILE, document, is_last=is_last)
