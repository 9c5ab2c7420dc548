"""README.md and docs/, read for what can be checked: blocks, commands, inline code, links, headings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
PROGRAMS = ("docker", "make", "python", "./local.sh", "./lab", ".ci/run", "deploy/swarm/run")
"""Inline code that begins with one of these is a command."""
SHELL_WORDS = {"for", "done"}
_SEPARATORS = re.compile(r"[;&|]+")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block: the page and line that it begins at, its language, its text without the indentation."""

    page: str
    line: int
    language: str
    text: str


class Command(NamedTuple):
    """One simple command: where it stands, the variables set for it, its words (none where variables stand alone)."""

    where: str
    variables: dict[str, str]
    words: tuple[str, ...]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(*languages: str) -> list[Block]:
    """The fenced blocks of all pages in these languages."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for fence in _FENCE.finditer(text):
            line = text.count("\n", 0, fence.start()) + 1
            found.append(Block(name_of(page), line, fence[2], dedent(fence[3])))
    return [block for block in found if block.language in languages]


def prose(page: Path) -> str:
    """The page without its fenced blocks and without what is indented like code."""
    text = _FENCE.sub("", page.read_text())
    return re.sub(r"^(?: {4}|\t)(?! *[-*\d]).*$", "", text, flags=re.MULTILINE)


def inline_code(page: Path) -> list[str]:
    """What stands between backticks in the prose, a line break in it read as a space."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(page))]


def headings(page: Path) -> set[str]:
    """The anchors of the page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text()), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def links(page: Path) -> list[str]:
    """The targets of the page's links and pictures that are files of the repository."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)) if "://" not in link]


def commands() -> list[Command]:
    """Every command of the pages: those of shell blocks, those in inline code, and the examples in .env."""
    found = [command for block in blocks("sh") for command in parse(f"{block.page}:{block.line}", block.text)]
    for page in PAGES:
        for code in inline_code(page):
            if code.startswith(PROGRAMS) or re.match(r"[A-Z_]+=\S", code):
                found += parse(name_of(page), code)
    examples = re.findall(r"^#   (?=\S)(.*)$", (ROOT / ".env").read_text(), flags=re.MULTILINE)
    return [*found, *(command for example in examples for command in parse(".env", example))]


def parse(where: str, text: str) -> Iterator[Command]:
    """The simple commands of a text of shell. Raises ValueError where a quotation does not end."""
    for line in text.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split, lexer.commenters = True, "#"
        simple: list[str] = []
        for word in (*lexer, ";"):
            if not _SEPARATORS.fullmatch(word):
                simple.append(word)
            elif simple and simple[0] not in SHELL_WORDS:
                yield _command(where, simple[1:] if simple[0] == "do" else simple)
                simple = []
            else:
                simple = []


def _command(where: str, words: list[str]) -> Command:
    variables = {}
    while words and (assigned := re.fullmatch(r"([A-Z_]+)=(.*)", words[0], flags=re.DOTALL)):
        variables[assigned[1]] = assigned[2]
        words = words[1:]
    return Command(where, variables, tuple(words))


def transcript(block: Block) -> list[tuple[list[str], str]]:
    """The commands of a transcript, each as its words, with what each printed."""
    said: list[tuple[list[str], str]] = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        for count in range(1, len(lines) + 1):
            try:
                words = shlex.split("\n".join(lines[:count]))
            except ValueError:
                continue  # the quotation goes on in the next line
            said.append((words, "\n".join(lines[count:])))
            break
    return said
