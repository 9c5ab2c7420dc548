# shellcheck shell=bash
# Sourced by ./lab and ./local.sh: the knobs of .env and those of the scenario, which the shell goes before.
# They are read here rather than by `dotenv run`, in which Ctrl-C would end in a traceback: a signal waits until they are.
interrupted() {
  echo "interrupted before anything was started" >&2
  exit 5
}
trap interrupted INT TERM HUP
read_knobs() { # PYTHON FILE: what the file sets and the environment does not, to be evaluated
  trap '' INT TERM HUP
  exec "$1" -P -c '
import os, shlex, sys
from dotenv import dotenv_values
with open(sys.argv[1], encoding="utf-8") as file:
    for name, value in dotenv_values(stream=file).items():
        if value is not None and name.isidentifier() and name not in os.environ:
            print(f"export {name}={shlex.quote(value)}")
' "$2"
}
set_knobs() { # PYTHON FILE
  local found
  # short: a signal while bash reads what is in the brackets makes a syntax error of the trap
  found=$(read_knobs "$1" "$2")
  eval "$found"
}
set_all_knobs() { # PYTHON HOME: of HOME/.env, and the scenario's own where it has some (docs/scenario.md)
  set_knobs "$1" "$2/.env"
  local own=${LAB_SCENARIO:-${LOCUST_LOCUSTFILE:-}}
  if [[ ! -d $own ]]; then [[ $own == */* ]] && own=${own%/*} || own=.; fi
  if [[ -f $own/.env && ! $own/.env -ef $2/.env ]]; then set_knobs "$1" "$own/.env"; fi
}
