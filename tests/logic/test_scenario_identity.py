"""Which scenario a result is of: its name, its code and its data, and no value of its own variables."""

from __future__ import annotations

from pathlib import Path

from lab.results.environment import environment
from lab.scenario import digest, place


def written(folder: Path, name: str = "shop.py", text: str = "") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_the_variables_of_its_own_are_known_by_name(tmp_path: Path) -> None:
    written(tmp_path, ".env", "# no=variable\nSHOP_TOKEN=geheim\nexport LOCUST_SHOP = 2\n\n")
    assert place.own_variables(tmp_path / "shop.py") == {"SHOP_TOKEN", "LOCUST_SHOP"}
    assert place.own_variables(tmp_path / "none" / "shop.py") == set()


def test_their_values_are_in_no_result(tmp_path: Path) -> None:
    written(tmp_path, ".env", "LOCUST_SHOP=geheim\nSHOP_TOKEN=geheim\n")
    variables = {"LAB_SCENARIO": str(written(tmp_path)), "LOCUST_SHOP": "geheim", "SHOP_TOKEN": "geheim"}
    assert environment([], variables)["knobs"]["LOCUST_SHOP"] == "(not shown)"
    assert "geheim" not in str(environment([], variables))


def test_a_result_says_which_scenario_it_is_of(tmp_path: Path) -> None:
    file = written(tmp_path)
    found = environment([], {"LAB_SCENARIO": str(file)})["scenario"]
    assert found == {"name": f"{tmp_path.name}/shop.py", "digest": digest.of_files([file])}
    other = tmp_path / "other"
    (other / "a_folder.py").mkdir(parents=True)
    assert digest.identity(written(other))["digest"] == found["digest"]
    written(other, "prices.py", "ALL = [1]")
    digest.identity.cache_clear()
    assert digest.identity(other / "shop.py")["digest"] != found["digest"]
    assert environment([], {})["scenario"]["name"] == "users.py"


def test_other_data_are_another_load_of_the_same_code(tmp_path: Path) -> None:
    file = written(tmp_path)
    (tmp_path / "data").mkdir()
    found = []
    for rows in ("ann,1", "bob,2"):
        written(tmp_path / "data", "accounts.CSV", rows)
        written(tmp_path, "notes.txt", rows)
        digest.identity.cache_clear()
        found.append(digest.identity(file))
    assert found[0]["digest"] == found[1]["digest"]
    assert found[0]["data"] != found[1]["data"]
