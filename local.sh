#!/usr/bin/env bash
# The lab as plain processes on loopback, without Docker: ./local.sh [PROCESS...] runs processes of the Procfile, unless
# told otherwise all of them, with the knobs of .env (the shell goes before it) and WORKERS workers, and exits with the
# master's own exit code. `make local` and `make swarm` call this; make itself turns every code but 0 into 2.
# ./local.sh kill ends all load at once, that of every lab of this person on this machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
source locust/lab/starting/knobs.sh
export PATH=$PWD/.venv/bin:$PATH PYTHONUNBUFFERED=1
if [[ ${1:-} == kill ]]; then
  for file in "${TMPDIR:-/tmp}"/lab-local.*/worker; do
    [[ -O $file ]] || continue
    workers=$(<"$file") # a process group, whose number may be another's by now if its lab was killed
    [[ $(tr '\0' ' ' 2>/dev/null <"/proc/$workers/cmdline" || ps -o args= -p "$workers") != *locustfile.py*--worker* ]] ||
      kill -KILL -- "-$workers" 2>/dev/null || true
  done
  exit
fi
set_all_knobs python .
LOCAL_RUN=$(mktemp -d -t lab-local.XXXXXX)
export LOCAL_RUN
trap 'rm -rf "$LOCAL_RUN"' EXIT

(($#)) || set -- api master worker
export WORKERS=${WORKERS:-4}
if [[ ! $WORKERS =~ ^[1-9][0-9]*$ ]]; then
  echo "WORKERS='$WORKERS' is not possible: it takes a whole number from 1 on" >&2
  exit 2
fi
for knob in "${!LOCUST_@}"; do # Locust stumbles over an empty value, which here means the default
  [[ -n ${!knob} ]] || unset "$knob"
done
mkdir -p .local
export LOCUST_WEB_PORT=${LOCUST_WEB_PORT:-8089}
export API_BIND=127.0.0.1:${API_PORT:-5000} API_DATABASE_URL=${API_DATABASE_URL:-sqlite:///$PWD/.local/lab.db}
export LAB_METRICS_URLS=${LAB_METRICS_URLS:-${LOCUST_HOST:-http://$API_BIND}/metrics}
export LAB_CHAOS=${LAB_CHAOS:-$LOCAL_RUN/chaos}
export LOCUST_HOST=${LOCUST_HOST:-http://$API_BIND} LOCUST_MASTER_NODE_HOST=${LAB_MASTER_PUBLISH:-127.0.0.1}

free() { # PORT KNOB: ends with a message where somebody listens on the port already
  (: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
  echo "port $1 is in use: end what listens there, or set $2" >&2
  exit 1
}
[[ " $* " != *" api "* ]] || free "${API_BIND##*:}" API_PORT
free "$LOCUST_WEB_PORT" LOCUST_WEB_PORT
free "${LOCUST_MASTER_BIND_PORT:-5557}" "LOCUST_MASTER_BIND_PORT and LOCUST_MASTER_NODE_PORT"

# The first signal is for the master alone, which judges the run while the service is still there; when it is gone,
# honcho ends the rest. A master that takes too long, and one that gets a third signal, is killed: who presses Ctrl-C
# twice is in a hurry, and wants a verdict all the same.
signals=0 deadline=0 stopped=0
end() {
  ((++signals < 3)) || deadline=$SECONDS
  ((signals > 1)) || deadline=$((SECONDS + 8))
}
stop() { # PROCESS...: as soon as the master is there; honcho loses processes that it has only just started
  if [[ -s $LOCAL_RUN/master ]]; then
    kill -TERM -- "-$(<"$LOCAL_RUN/master")" 2>/dev/null || kill -TERM "$honcho" 2>/dev/null || true
  elif ((SECONDS >= deadline - 6)) || { [[ " $* " != *" master "* ]] && ((SECONDS >= 3)); }; then
    kill -TERM "$honcho" 2>/dev/null || true
  else
    return 0
  fi
  stopped=1
}
trap end INT TERM HUP
set -m # a process group of its own, out of reach of the terminal's Ctrl-C
honcho --env /dev/null start "$@" </dev/null &
honcho=$!
set +m
while kill -0 "$honcho" 2>/dev/null; do
  ((!signals || stopped)) || stop "$@"
  ((!deadline || SECONDS < deadline)) || kill -KILL -- "-$(cat "$LOCAL_RUN/master" 2>/dev/null)" 2>/dev/null || true
  sleep 0.2 || true
done
ended=0
wait "$honcho" || ended=$?
# a master that a signal ended before it could say so itself was interrupted all the same
code=$(cat "$LOCAL_RUN/exit-code" 2>/dev/null) || code=$((signals ? 5 : 1))
((code <= 5)) || code=5
# The end of any process is the end of all. Where it was not the master's, its code tells of a stop, not of the cause.
if ((!signals)) && [[ -e $LOCAL_RUN/cut-short || ! -e $LOCAL_RUN/exit-code ]]; then
  echo "a process of the lab ended before the master: see above" >&2
  ((ended == 2)) && code=2 || code=1 # a worker that met a wrong knob before the master did
fi
exit "$code"
