"""What the lab adds to Locust's own page: the sentence of the run above it, and what the start form lacks.

Locust's bundle offers no place for either. Its template is changed before it is filled in, so that nothing of what
comes into it can pass for one of its scripts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from flask import Flask
from jinja2 import ChoiceLoader, FunctionLoader

from lab.pages.policies import nonce
from lab.plans import stages
from lab.settings import Settings

Notes = dict[str, dict[str, str]]
"""By plan, as Locust calls it, what becomes of the form's `userCount` and `spawnRate`."""
PAGE = "index.html"
_SCRIPT = re.compile(r"<script(?=[\s>])")
_OURS = """<link rel="stylesheet" href="./lab/static/locust.css">
    <script nonce="{{ nonce() }}">window.labPlans = {{ lab_plans()|tojson }}</script>
    <script src="./lab/static/locust.js" nonce="{{ nonce() }}"></script>"""
_BAR = '<a id="lab" class="idle" href="./lab"><b>Lab</b> <span></span> <u>Charts and past runs</u></a>'
# Locust would grey out all that a plan takes, and put a zero there
_ARGUMENTS = "dict(template_args, shape_use_common_options=true)|tojson"


def extend(app: Flask, plans: Callable[[], Notes]) -> None:
    """From now on Locust's page has what the lab adds; `plans` are its notes on the numbers of the form, by plan."""

    def source(name: str) -> str | None:
        path = Path(app.root_path, str(app.template_folder), PAGE)
        return changed(path.read_text(encoding="utf-8")) if name == PAGE and path.is_file() else None

    app.jinja_loader = ChoiceLoader([FunctionLoader(source), *([app.jinja_loader] if app.jinja_loader else ())])
    app.jinja_env.globals.update(nonce=nonce, lab_plans=plans)


def changed(template: str) -> str:
    """The template of Locust's page with what the lab adds."""
    marked = _SCRIPT.sub('<script nonce="{{ nonce() }}"', template)
    filled = marked.replace("template_args|tojson", _ARGUMENTS)
    return filled.replace("<title>", f"{_OURS}\n    <title>", 1).replace("<body>", f"<body>\n    {_BAR}", 1)


def notes(plans: Sequence[str], settings: Settings) -> Notes:
    """What each of the plans does with the numbers of the form. What it does not use is greyed out in the form."""
    peak = "Plan peak holds these."
    if settings.peak_users:
        peak = f"Not used: plan peak holds LAB_PEAK_USERS, which is {settings.peak_users}."
    elif settings.peak_rps:
        peak = f"Plan peak begins with these, and looks for the users that make {settings.peak_rps} requests a second."
    users = {
        stages.CAPACITY: "Not used: plan capacity finds the number itself, from LAB_START_USERS up to LAB_MAX_USERS "
        f"({settings.start_users} and {settings.most_users}).",
        "smoke": f"Plan smoke uses {stages.PLANS['smoke'].most_users} of them at most.",
        "ramp": "Where the ramp ends: plan ramp goes there in ten steps.",
        "spike": "The height of the burst: a tenth of them is there before and after it.",
        stages.PEAK: peak,
    }
    own = "Not used: the scenario's own shape says it."
    return {
        plan: {"userCount": users.get(plan.lower(), ""), "spawnRate": ""}
        if plan.lower() in stages.NAMES
        else {"userCount": own, "spawnRate": own}
        for plan in plans
    }
