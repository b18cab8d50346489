"""What a machine grants to many connections: local ports, and open files."""

from __future__ import annotations

import errno
import ipaddress
import sys
from collections.abc import Sequence
from typing import Any

from gevent import monkey, socket

if sys.platform != "win32":
    import resource

BIND_ADDRESS_NO_PORT = 24  # Linux's IP_BIND_ADDRESS_NO_PORT, which Python names from 3.12 on.
_resolve_here = monkey.get_original("socket", "getaddrinfo")
ANY = ""  # The source address that the system chooses.
LOOPBACK = (ANY, *(f"127.0.0.{number}" for number in range(2, 251)))  # Each has some 28,000 ports to one server.


class Sources:
    """The local addresses that connections come from.

    Those given are used in turn. When none is given the system chooses, and once its ports to a server of this machine
    have run out, the next loopback address is taken.
    """

    def __init__(self, addresses: Sequence[str] = ()) -> None:
        """Errors: ValueError when one of them is no address of this machine."""
        self._given = tuple(addresses)
        self._turn = 0
        for address in self._given:
            _check(address)

    def connect(self, host: str, port: int) -> Any:
        """A TCP connection, as gevent's socket. OSError when there is none to be had."""
        failed: OSError | None = None
        for family, kind, protocol, _, address in _resolved(host, port):
            try:
                return self._connect((family, kind, protocol), address)
            except OSError as error:
                failed = error
        assert failed is not None, "getaddrinfo finds an address or raises"
        raise failed

    def _connect(self, kind: tuple[int, int, int], address: Any) -> Any:
        candidates = self._given or (LOOPBACK if _is_loopback(address[0]) else (ANY,))
        tries_left = len(candidates)
        while True:
            try:
                connection = _connected(kind, candidates[self._turn % len(candidates)], address)
            except OSError as error:
                tries_left -= 1
                if error.errno != errno.EADDRNOTAVAIL or not tries_left:
                    raise
                self._turn += 1
            else:
                self._turn += 1 if self._given else 0
                return connection


def _resolved(host: str, port: int) -> list[Any]:
    """The addresses of a host. A name is looked up by gevent in another thread; what is an address needs none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return list(socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM))
    return list(_resolve_here(host, port, 0, socket.SOCK_STREAM))


def _check(address: str) -> None:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except (OSError, ValueError) as error:
        raise ValueError(f"--source {address}: expected an address of this machine, such as 127.0.0.2") from error


def _is_loopback(host: str) -> bool:
    """Whether it is this machine's, and this machine has many addresses to reach it from."""
    address = ipaddress.ip_address(host.partition("%")[0])
    return address.version == 4 and address.is_loopback


def _connected(kind: tuple[int, int, int], source: str, address: Any) -> Any:
    connection = socket.socket(*kind)
    try:
        if source != ANY:
            if sys.platform == "linux":
                # Binding then takes no port; connecting does, and one that is free for that very server.
                connection.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            connection.bind((source, 0))
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def raise_open_files() -> float:
    """Let this process open as many files as the system allows it without asking; that number."""
    if sys.platform == "win32":
        return float("inf")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return float("inf") if hard == resource.RLIM_INFINITY else hard


def in_words(error: OSError) -> str:
    """Why there is no connection; in a few words that are the same each time."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return (
            f"this process may have no more than {raise_open_files():g} files open (RLIMIT_NOFILE): raise the limit "
            "(ulimit -n), or use more processes (-- --processes 2)"
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return "no local port is left: name more addresses of this machine (--source), or use more machines"
    return error.strerror or type(error).__name__
