"""What README.md and docs/ show is so: commands, knobs, links, files, tables, and what can be run cheaply is run."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api.settings import read_settings
from lab.judging.verdict import ExitCode
from lab.plans import stages
from lab.settings import Settings
from tests.support import doc_commands, doc_pages, sample_run
from tests.support.doc_commands import Parser, run_python
from tests.support.doc_pages import PAGES, ROOT, Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask.testing import FlaskClient

README = ROOT / "README.md"
ENV_FILE = dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", (ROOT / ".env").read_text(), flags=re.MULTILINE))
PREFIXES = "LAB|API|LOCUST|POSTGRES|PROXY|WEB|COMPOSE"
COMMANDS = doc_pages.commands()


def ids() -> list[str]:
    return [f"{command.where} {' '.join(command.words)}" for command in COMMANDS]


@pytest.mark.parametrize("command", COMMANDS, ids=ids())
def test_a_command_can_be_run_as_it_stands(command: Command) -> None:
    doc_commands.check(command.words)


@pytest.mark.parametrize("command", [each for each in COMMANDS if each.variables], ids=str)
def test_the_knobs_of_a_command_take_these_values(command: Command) -> None:
    unknown = command.variables.keys() - ENV_FILE.keys()
    assert all(map(doc_commands.is_make_variable, unknown)), unknown
    defaults: Mapping[str, str] = {"LAB_PEAK_RPS": "300"} if command.variables.get("LAB_PLAN") == "peak" else {}
    Settings.from_environment({**defaults, **command.variables})
    read_settings(command.variables)


@pytest.mark.parametrize("page", PAGES, ids=doc_pages.name_of)
def test_every_variable_that_is_named_exists(page: Path) -> None:
    found = importlib.util.find_spec("locust")
    assert found
    assert found.origin
    of_locust = re.findall(r"LOCUST_\w+", (Path(found.origin).parent / "argument_parser.py").read_text())
    named = set(re.findall(rf"\b(?:{PREFIXES})_[A-Z][A-Z_]*\b", page.read_text()))
    assert not named - ENV_FILE.keys() - set(of_locust) - {"COMPOSE_PROJECT_NAME"}


@pytest.mark.parametrize("page", PAGES, ids=doc_pages.name_of)
def test_every_option_that_is_named_alone_belongs_to_a_command_of_its_page(page: Path) -> None:
    """Such as `--spread 5%`: an option of a module that the page runs, or a profile of Compose."""
    here = [command.words for command in COMMANDS if command.where.partition(":")[0] == doc_pages.name_of(page)]
    taken = " ".join(map(doc_commands.help_for, here))
    alone = [code.split() for code in doc_pages.inline_code(page) if code.startswith("--")]
    for option, *values in alone:
        if option == "--profile":
            assert set(values) <= doc_commands.PROFILES
        else:
            known = option in taken or any(option in words for words in here)
            assert known or option == "--exit-code-from", option


@pytest.mark.parametrize("page", PAGES, ids=doc_pages.name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in doc_pages.links(page):
        path, _, anchor = link.partition("#")
        to = (page.parent / path).resolve() if path else page
        assert to.exists(), link
        assert not anchor or anchor in doc_pages.headings(to), link


@pytest.mark.parametrize("page", PAGES, ids=doc_pages.name_of)
def test_every_path_that_is_named_exists(page: Path) -> None:
    """Inline code that begins with a folder of the repository; what runs leave in results/ and .local/ is not of it."""
    for code in doc_pages.inline_code(page):
        if re.fullmatch(r"[\w.{},-]+(/[\w.{},-]*)+", code) and (ROOT / code.split("/")[0]).is_dir():
            inside = code.partition("{")[0]
            assert code.startswith(("results/", ".local/", "scenario/")) or (ROOT / inside).exists(), code


@pytest.mark.parametrize("page", PAGES, ids=doc_pages.name_of)
def test_every_address_of_this_machine_has_the_port_of_a_knob(page: Path) -> None:
    ports = {port for name, port in ENV_FILE.items() if name.endswith("_PORT")}
    assert set(re.findall(r"localhost:(\d+)", page.read_text())) <= ports


def first_cells(page: Path, title: str) -> set[str]:
    """The first column of the table under this title."""
    _, _, after = page.read_text().partition(f"| {title} |")
    rows = after.partition("\n\n")[0].splitlines()[2:]
    return {row.split("|")[1].strip() for row in rows}


def test_the_readme_is_short_and_comes_to_the_readers_own_service_in_its_first_half() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 180
    assert lines.index("## A service of your own") < len(lines) / 2


def test_the_tables_of_plans_and_exit_codes_are_whole() -> None:
    assert first_cells(README, "plan") == {f"`{name}`" for name in stages.NAMES}
    assert first_cells(README, "exit code") == {str(int(code)) for code in ExitCode}


def test_the_table_of_what_a_run_leaves_is_whole(tmp_path: Path) -> None:
    named = set(re.findall(r"`([^`]+)`", " ".join(first_cells(ROOT / "docs" / "results.md", "file"))))
    (folder := sample_run.steady(tmp_path / "run")).joinpath("report.html").touch()
    left = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    written = left | {"ledger.json", "seconds.jsonl", "lab.log", "workers.log"}
    assert {name for name in named if not name.startswith("locust")} == written


def test_the_tutorials_transcript_is_what_the_service_answers(client: FlaskClient) -> None:
    (block,) = doc_pages.blocks("console")
    curl = Parser()
    curl.add_argument("-X", default="GET")
    curl.add_argument("-H", type=lambda header: tuple(header.split(": ")), action="append")
    curl.add_argument("-d")
    curl.add_argument("url")
    said = doc_pages.transcript(block)
    assert [words[0] for words, _ in said] == ["curl", "curl", "curl"]
    for words, printed in said:
        asked = curl.parse_args(words[1:])
        path = asked.url.removeprefix(f"http://localhost:{ENV_FILE['API_PORT']}")
        answer = client.open(path, method=asked.X, headers=asked.H, data=asked.d)
        assert answer.get_data(as_text=True).strip() == printed


def test_the_user_of_the_readme_is_one_that_locust_takes() -> None:
    (block, *_) = [block for block in doc_pages.blocks("python") if block.page == "README.md"]
    check = "print(users.Customer.tasks, users.Customer.host, issubclass(users.Customer, users.LeanHttpUser))"
    program = f"import users; exec({block.text!r}, vars(users)); {check}"
    done = run_python("-W", "ignore", "-c", program, folder=ROOT / "locust")
    assert "Customer.order" in done.stdout, done.stderr
    assert done.stdout.split()[-1] == "True", "without a client every task ends in an exception"
    assert all(ast.parse(each.text) for each in doc_pages.blocks("python"))


def finished_runs() -> Iterator[Command]:
    """The commands that work on runs that are over, without Compose before them."""
    for command in COMMANDS:
        if (words := doc_commands.words_of_lab(command.words)) and words[0] in ("judge", "compare"):
            yield command._replace(words=words)


def test_a_finished_run_is_judged_and_compared_as_the_pages_show(tmp_path: Path) -> None:
    steps, samples = sample_run.run_of(sample_run.SEARCH, lambda _: 1.0, {})
    run = str(sample_run.write(tmp_path / "run", "capacity", steps, samples))
    shown = list(finished_runs())
    assert {command.words[0] for command in shown} == {"judge", "compare"}
    for command in shown:
        done = run_python("-m", "lab", *(run if is_a_run(word) else word for word in command.words))
        assert done.returncode in (ExitCode.PASS, ExitCode.FAIL, ExitCode.INVALID), done.stderr


def is_a_run(word: str) -> bool:
    return "results/" in word or word == "latest"


def test_the_time_line_has_the_columns_that_the_page_shows(tmp_path: Path) -> None:
    (block,) = [block for block in doc_pages.blocks("sh") if "samples.csv" in block.text]
    (shown,) = [
        each for each in doc_pages.blocks("text") if (each.page, each.line) > block[:2] and "p99_ms" in each.text
    ]
    sample_run.capacity(tmp_path / "results" / "latest")
    done = subprocess.run(["bash", "-c", block.text], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == shown.text.splitlines()[0]
