"""schemathesis, which makes requests from the service's own description, finds nothing to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService

SEED = 20_240_601


@pytest.mark.parametrize("allow_reset", ["true", "false"])
def test_schemathesis_finds_nothing(service: Callable[..., RunningService], tmp_path: Path, allow_reset: str) -> None:
    running = service(API_ALLOW_RESET=allow_reset)
    program = Path(sys.executable).with_name("st")
    options = ["--checks", "all", "--max-examples", "60", "--seed", str(SEED), "--no-color"]
    ended = subprocess.run(
        [program, "run", f"{running.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    assert "Traceback" not in running.log.read_text()
