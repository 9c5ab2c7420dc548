"""schemathesis, which makes requests from the service's own description, finds nothing to say.

`make fuzz-api` lets it make 50,000.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.running_service import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.running_service import RunningService

CONFIG = ROOT / "tests" / "data" / "schemathesis.toml"
SEED = 20_240_601
EXAMPLES = int(os.environ.get("FUZZ_API", "60"))
"""Of each operation, in each of its phases."""


@pytest.mark.parametrize("allow_reset", ["true", "false"])
def test_schemathesis_finds_nothing(service: Callable[..., RunningService], tmp_path: Path, allow_reset: str) -> None:
    running = service(API_ALLOW_RESET=allow_reset)
    program = Path(sys.executable).with_name("st")
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--no-color"]
    ended = subprocess.run(
        [program, "--config-file", CONFIG, "run", f"{running.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=240 + 5 * EXAMPLES,
    )
    (tmp_path / "schemathesis.log").write_text(ended.stdout)
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr[-2000:]
    assert "Traceback" not in running.log.read_text()
