"""LAB_RESULTS_STORE: a run is in the object store before the master ends, or the exit code says that it is not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from minio import Minio

from lab.engine import store
from lab.knobs import SettingsError
from lab.results.files import ResultsError
from tests.support.running_service import free_port, wait_until
from tests.support.swarm import plan

if TYPE_CHECKING:
    from tests.support.running_service import RunningService
    from tests.support.swarm import Swarm

PLACE = "s3://lab-runs/load/nightly"


class ObjectStore:
    """A server that speaks S3 over HTTP, with one bucket."""

    def __init__(self, log: Path) -> None:
        port = free_port()
        self.environ = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test-secret",
            "AWS_REGION": "us-east-1",
        }
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=file, stderr=file
            )
        self.client: Any = Minio(f"127.0.0.1:{port}", "test", "test-secret", secure=False, region="us-east-1")
        wait_until(lambda: _answers(self.environ["AWS_ENDPOINT_URL"]), 60, "the object store")
        self.client.make_bucket("lab-runs")

    def objects(self) -> dict[str, bytes]:
        """All that is in the bucket, by its key."""
        keys = [each.object_name for each in self.client.list_objects("lab-runs", recursive=True)]
        return {key: self.client.get_object("lab-runs", key).read() for key in keys}

    def end(self) -> None:
        self.process.kill()
        self.process.wait(10)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True


@pytest.fixture
def objects(tmp_path: Path) -> Iterator[ObjectStore]:
    running = ObjectStore(tmp_path / "store.log")
    yield running
    running.end()


def test_a_run_is_in_the_store_before_the_master_ends(
    tmp_path: Path, objects: ObjectStore, swarm: Callable[..., Swarm], target: RunningService
) -> None:
    last_words = tmp_path / "last-words"
    knobs = plan("smoke", LAB_RUN_TIME="2s", LAB_RESULTS_STORE=PLACE, LAB_VERDICT_FILE=str(last_words))
    running = swarm(target.url, **knobs, **objects.environ)
    assert running.await_exit() == 0, running.log()
    folder = (running.results / "latest").resolve()
    kept = objects.objects()
    left = {f"load/nightly/{folder.name}/{path.name}": path.read_bytes() for path in folder.iterdir()}
    log = f"load/nightly/{folder.name}/lab.log"
    assert left.pop(log).startswith(kept[log]), "the log goes on while it is copied"
    assert {name: text for name, text in kept.items() if name != log} == left
    assert f"load/nightly/{folder.name}/report.html" in kept
    assert last_words.read_text() == f"{running.verdict['sentence']} See results/{folder.name}\n"


def test_a_run_that_cannot_be_copied_does_not_end_in_0(
    objects: ObjectStore, swarm: Callable[..., Swarm], target: RunningService
) -> None:
    knobs = plan("smoke", LAB_RUN_TIME="4s", LAB_RESULTS_STORE=PLACE)
    running = swarm(target.url, **knobs, **objects.environ)
    wait_until(lambda: any(running.results.glob("*-smoke")), 60, f"a run; {running.log()}")
    objects.end()
    assert running.await_exit(120) == 1, running.log()
    assert running.verdict["verdict"] == "PASS"
    assert running.last_line().startswith("PASS: smoke kept all its limits")
    assert f"-smoke cannot be copied to {PLACE}: " in running.last_line()


def test_what_cannot_be_kept_is_said_before_the_run(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in objects.environ.items():
        monkeypatch.setenv(name, value)
    store.check(PLACE)
    store.check("")
    with pytest.raises(SettingsError, match="LAB_RESULTS_STORE=s3://other-runs: there is no bucket other-runs"):
        store.check("s3://other-runs")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=re.escape("line minio==7.2.20 into scenario/requirements.txt")):
        store.check(PLACE)


def test_what_arrives_otherwise_is_noticed(tmp_path: Path, objects: ObjectStore) -> None:
    """A store that keeps the half of it."""
    folder, program = tmp_path / "run", tmp_path / "halving.py"
    folder.mkdir()
    (folder / "verdict.json").write_text("{}" * 100)
    program.write_text(
        "import sys, minio\n"
        "put = minio.Minio.put_object\n"
        "def half(self, bucket, key, data, length, *more, **named):\n"
        "    return put(self, bucket, key, data, length // 2, *more, **named)\n"
        "minio.Minio.put_object = half\n"
        "minio.Minio.fput_object = lambda self, b, k, path: half(self, b, k, open(path, 'rb'), 200)\n"
        "from lab.engine import store_copy\n"
        "sys.exit(store_copy.main(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, str(program), PLACE, str(folder)],
        env={**os.environ, **objects.environ, "PYTHONPATH": str(store.HOME)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout.strip()) == (
        1,
        "load/nightly/run/verdict.json was read back otherwise than it was sent",
    )


def test_a_store_that_is_gone_is_a_fault_of_the_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with pytest.raises(ResultsError, match=f"run cannot be copied to {PLACE}: "):
        store.keep(PLACE, tmp_path / "run")
