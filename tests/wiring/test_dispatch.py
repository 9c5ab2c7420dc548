"""What Locust does for each message that changes a worker's users; in a process of its own, which gevent may patch."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.running_service import ROOT

PROGRAM = """
import json
from locust import argument_parser
from lab.engine.dispatch import remember_default_options

expected, build, built = argument_parser.default_args_dict(), argument_parser.setup_parser_arguments, []

def counted(parser):
    built.append(parser)
    build(parser)

argument_parser.setup_parser_arguments = counted
for _ in range(2):
    remember_default_options()
same = [argument_parser.default_args_dict() == expected for _ in range(100)]
print(json.dumps({"same": all(same), "built": len(built)}))
"""


def test_the_defaults_of_the_options_are_found_out_once() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT / "locust", stdout=subprocess.PIPE, check=True)
    assert json.loads(told.stdout) == {"same": True, "built": 1}
