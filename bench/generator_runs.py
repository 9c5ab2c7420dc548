"""The runs behind `make bench-generator`: a compiled target, real masters and workers, other tools, all on loopback."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgpack
import psutil

from tests.support.running_service import ROOT, free_port, wait_until
from tests.support.swarm import LOCUST, Swarm

CORES = sorted(os.sched_getaffinity(0))
GENERATOR_CORE, OTHER_CORE = CORES[0], CORES[-1]
OPEN_FILES = 8192
NGINX = """
daemon off;
master_process off;
worker_processes 1;
pid FOLDER/nginx.pid;
error_log stderr;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path FOLDER/body;
  server {
    listen 127.0.0.1:PORT backlog=4096;
    location / {
      default_type application/json;
      if ($request_method = POST) { add_header Location /tests/7; return 204; }
      return 200 'BODY';
    }
  }
}
"""
BODY = '[{"description":"testing individual units of source code","name":"unit testing"}]'


class Cost(NamedTuple):
    """What a worker, or a tool, did with its CPU."""

    requests: int
    cpu_seconds: float
    resident_bytes: int = 0

    @property
    def per_cpu_second(self) -> float:
        return self.requests / self.cpu_seconds


def on_core(core: int, command: list[str]) -> list[str]:
    """The command, held to one core."""
    return ["taskset", "--cpu-list", str(core), *command]


@contextmanager
def target(folder: Path) -> Iterator[str]:
    """The URL of an nginx of one process that answers everything by itself."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.replace("FOLDER", str(folder)).replace("PORT", str(port)).replace("BODY", BODY))
    process = subprocess.Popen(
        on_core(OTHER_CORE, ["nginx", "-c", str(config)]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        listening = f"127.0.0.1:{port}"
        wait_until(lambda: process.poll() is not None or _listens(port), 10, listening)
        yield f"http://{listening}"
    finally:
        process.terminate()
        process.wait(10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def measure(
    url: str, user: str, *, users: int = 20, seconds: float = 3, think_seconds: float = 0, workers: int = 1
) -> list[Cost]:
    """What each worker of a swarm of its own spent on users of this class."""
    port = free_port()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LAB_", "LOCUST_"))}
    environ |= {"PYTHONPATH": str(ROOT / "locust"), "LAB_READ_BACK": "0%"}
    environ |= {"GENERATOR_THINK": str(think_seconds), "GENERATOR_SECONDS": str(seconds)}
    common = [*LOCUST, "-f", str(ROOT / "bench/generator_users.py"), "--skip-log"]
    master = ["--master", "--headless", "--only-summary", "--host", url, "--expect-workers", str(workers)]
    master += ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), "--users", str(users)]
    master += ["--spawn-rate", "1000", "--run-time", f"{seconds + users / 1000 + 4:.0f}s"]
    with ExitStack() as stack:

        def start(core: int, arguments: list[str]) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                on_core(core, [*common, *arguments]),
                cwd=ROOT / "bench",
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            stack.callback(_end, process)
            return process

        start(OTHER_CORE, [*master, user])
        cores = CORES if workers > 1 else [GENERATOR_CORE]
        running = [
            start(cores[number % len(cores)], ["--worker", "--master-port", str(port)]) for number in range(workers)
        ]
        return [_told(process, user) for process in running]


def _told(worker: subprocess.Popen[str], user: str) -> Cost:
    assert worker.stdout
    for line in worker.stdout:
        if line.startswith("{"):
            told = json.loads(line)
            if told["failures"] or not told["requests"]:
                sys.exit(f"{user}: {told['failures']} of {told['requests']} requests failed: nothing is measured")
            return Cost(told["requests"], told["cpu"], told["resident"])
    sys.exit(f"{user}: the worker ended before it had measured")


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait(10)
    if process.stdout:
        process.stdout.close()


POSTED = '{"name":"load testing lab-5f3a9c21-0003-0000a1b2","description":"checking if it handles the expected load"}'
LUA = f"wrk.method = 'POST'; wrk.body = '{POSTED}'; wrk.headers['Content-Type'] = 'application/json'"
JSON_POST = ["-m", "POST", "-T", "application/json", "-d", POSTED]
WRK, HEY = ["wrk", "-t1", "-c20", "-d3s"], ["hey", "-cpus", "1", "-c", "20", "-z", "3s"]
TOOLS = {
    "wrk": ([*WRK, "{url}"], [*WRK, "-s", "{lua}", "{url}"], r"(\d+) requests in"),
    "hey": ([*HEY, "{url}"], [*HEY, *JSON_POST, "{url}"], r"\[20[04]\]\s+(\d+) responses"),
}
"""The commands for GET and for JSON POST, and where they say how many requests they made."""


def measure_tool(folder: Path, name: str, url: str, *, posts: bool = False) -> Cost | None:
    """What another tool spends on the same requests, with as many connections; None where it is not installed."""
    get, post, pattern = TOOLS[name]
    if not shutil.which(name):
        return None
    lua = folder / "post.lua"
    lua.write_text(LUA)
    known = {"{url}": f"{url}/tests", "{lua}": str(lua)}
    arguments = [known.get(argument, argument) for argument in (post if posts else get)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(on_core(GENERATOR_CORE, arguments), capture_output=True, text=True, check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = re.search(pattern, done.stdout)
    if not found or "Non-2xx" in done.stdout:
        sys.exit(f"{name} did not say how many requests it made, or had other answers:\n{done.stdout}")
    return Cost(int(found[1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def capture_report(folder: Path, url: str, users: int = 50, **knobs: str) -> Path:
    """A report of a real worker of the lab with so many users, with all that the lab adds to it."""
    folder.mkdir()
    captured = folder / "report"
    swarm = Swarm(folder, url, {"LAB_PLAN": "manual", **knobs})
    capturing = [*LOCUST, "-f", f"locustfile.py,{ROOT / 'bench/generator_capture.py'}", "--worker"]
    worker = subprocess.Popen(
        [*capturing, "--master-host", "127.0.0.1", "--master-port", str(swarm.port)],
        cwd=ROOT / "locust",
        env={**swarm.environ, "GENERATOR_CAPTURE": str(captured)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        swarm.await_workers(1)
        _swarm(swarm, users)
        wait_until(captured.exists, 30, "a report")
    finally:
        worker.kill()
        worker.wait(10)
        swarm.end()
    return captured


def _swarm(swarm: Swarm, users: int) -> None:
    status, answer = swarm.post("/swarm", user_count=users, spawn_rate=1000)
    if not (answer and answer["success"]):
        sys.exit(f"the test did not start: {status} {answer}")


def weigh_master(folder: Path, url: str, report: Path, workers: int, seconds: float) -> tuple[float, float]:
    """What the master takes a second with so many workers of ten users: CPU seconds, and the reports it takes in."""
    folder.mkdir()
    swarm = Swarm(folder, url, {"LAB_PLAN": "manual", "LAB_MAX_USERS": "100000"})
    process = psutil.Process(swarm.master.pid)
    process.cpu_affinity([GENERATOR_CORE])
    light = subprocess.Popen(
        on_core(
            OTHER_CORE, [sys.executable, "-m", "bench.light_workers", str(swarm.port), str(workers), str(report), "1"]
        ),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "locust")},
    )
    in_a_report = msgpack.unpackb(report.read_bytes(), strict_map_key=False)["stats_total"]["num_requests"]
    try:
        swarm.await_workers(workers)
        _swarm(swarm, workers * 10)
        swarm.await_users(workers * 10, 60)
        time.sleep(3)
        # the UI's figures are two seconds old at most, and a look at them is dear: both looks are outside
        requests, began = _requests(swarm), time.monotonic()
        time.sleep(2.5)
        before = process.cpu_times()
        time.sleep(seconds)
        after = process.cpu_times()
        time.sleep(2.5)
        reports = (_requests(swarm) - requests) / in_a_report / (time.monotonic() - began)
        if light.poll() is not None:
            sys.exit("the light workers ended before it was measured")
        return (after.user + after.system - before.user - before.system) / seconds, reports
    finally:
        light.kill()
        light.wait(10)
        swarm.end()


def _requests(swarm: Swarm) -> int:
    (total,) = (row["num_requests"] for row in swarm.get("/stats/requests")["stats"] if row["name"] == "Aggregated")
    counted: int = total
    return counted


def raise_open_files() -> None:
    """A thousand users have a connection each."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted: Any = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
