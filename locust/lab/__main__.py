"""`python -m lab VERB`: what `./lab` and the Compose service `lab` run."""

from lab.commands import lab

lab(prog_name="lab")
