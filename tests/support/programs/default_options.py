"""How often Locust builds its argument parser when the defaults of its options are asked for a hundred times."""

from __future__ import annotations

import json
from typing import Any

from locust import argument_parser

from lab.engine.dispatch import remember_default_options

expected, build = argument_parser.default_args_dict(), argument_parser.setup_parser_arguments
built: list[Any] = []


def counted(parser: Any) -> None:
    built.append(parser)
    build(parser)


argument_parser.setup_parser_arguments = counted
for _ in range(2):
    remember_default_options()
same = [argument_parser.default_args_dict() == expected for _ in range(100)]
print(json.dumps({"same": all(same), "built": len(built)}))
