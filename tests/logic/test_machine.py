"""What this machine says of itself and of its processes: its name, its pressure, who serves a port."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lab.generator import boot
from lab.service import machine, sockets
from lab.service.processes import Listeners


def test_a_machine_has_a_name_that_its_containers_share(tmp_path: Path) -> None:
    (tmp_path / "boot_id").write_text("5e1f0c2a-4b6d-4e8f-9a10-1b2c3d4e5f60\n")
    assert boot.machine(tmp_path / "boot_id") == "5e1f0c2a"
    assert boot.machine(tmp_path / "none") == ""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 total=0\n",
            {"pressure_seconds": 2.5},
        ),
        ("", {}),  # not said by this kernel
        ("some\n", {}),
    ],
)
def test_pressure_is_told_where_the_kernel_says_it(tmp_path: Path, text: str, told: dict[str, float]) -> None:
    (tmp_path / "cpu").write_text(text)
    assert machine.pressure(tmp_path / "cpu") == told
    assert machine.pressure(tmp_path / "none") == {}


HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def proc(folder: Path, rows: list[tuple[str, str, str, int]], files: dict[int, list[int]], comm: str = "web") -> Path:
    """A /proc with these sockets (local, remote, state, inode) and the sockets that each process holds."""
    (folder / "net").mkdir()
    lines = [f"   0: {here} {there} {state} 0:0 00:0 0 0 0 {inode} 1 0 100\n" for here, there, state, inode in rows]
    (folder / "net" / "tcp").write_text(HEAD + "".join(lines))
    for pid, inodes in files.items():
        (folder / str(pid) / "fd").mkdir(parents=True)
        (folder / str(pid) / "comm").write_text(f"{comm}\n")
        for inode in inodes:
            (folder / str(pid) / "fd" / str(inode)).symlink_to(f"socket:[{inode}]")
    return folder


HOME, ANY, NOBODY = "0100007F", "00000000", "00000000:0000"
WEB = (f"{HOME}:1388", NOBODY, "0A", 1)  # listens at 5000
STORE = (f"{ANY}:1538", NOBODY, "0A", 2)  # listens at 5432
ASKS = (f"{HOME}:9C40", f"{HOME}:1538", "01", 3)  # 40000 asks 5432
SERVES, SERVED = (f"{HOME}:1388", f"{HOME}:9C40", "01", 3), (f"{HOME}:9C40", f"{HOME}:1388", "01", 4)


@pytest.mark.parametrize(
    ("rows", "files", "serving"),
    [
        # a parent and its children hold the socket; the user of the service does not
        ([WEB], {7: [1], 8: [1], 9: [5]}, {7, 8}),
        # nobody listens there
        ([STORE], {7: [2]}, set()),
        # another user's
        ([WEB], {7: [5]}, set()),
        # a store behind it is a part of the service
        ([WEB, STORE, ASKS], {7: [1, 3], 9: [2]}, {7, 9}),
        # which is another user's: then others cannot be told apart
        ([WEB, STORE, ASKS], {7: [1, 3]}, set()),
        # a store that only others ask
        ([WEB, STORE, ASKS], {7: [1], 8: [3], 9: [2]}, {7}),
        # on another machine
        ([WEB, STORE, (f"{HOME}:9C40", "0A00000A:1538", "01", 3)], {7: [1, 3], 9: [2]}, {7}),
        # those that are served are not the service
        ([WEB, SERVES, SERVED], {7: [1, 3], 8: [4]}, {7}),
    ],
)  # fmt: skip
def test_those_that_serve_a_port_hold_its_socket(
    tmp_path: Path, rows: list[tuple[str, str, str, int]], files: dict[int, list[int]], serving: set[int]
) -> None:
    assert sockets.serving(5000, proc(tmp_path, rows, files)) == serving


def test_who_only_passes_on_is_not_the_service(tmp_path: Path) -> None:
    assert sockets.serving(5000, proc(tmp_path, [WEB], {7: [1]}, comm="docker-proxy")) == set()


def test_what_a_process_of_this_machine_uses_is_read_by_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert sockets.serving(port, Path("/proc")) == {os.getpid()}
        listeners = Listeners.of(f"http://localhost:{port}")
        first = listeners.read()
        assert first
        while (use := listeners.read()) and use.cpu_seconds < 0.05:
            pass  # burns what is to be seen
        assert use
        assert use.cpu_seconds >= 0.05
        assert use.wait_seconds >= first.wait_seconds
    assert Listeners.of("http://192.0.2.1:80").read() is None
