import errno

import pytest

from harness.load import sources
from harness.load.sources import LOOPBACK, Sources, in_words


def connecting(monkeypatch, *, full):
    """Each connection's source address is noted; those in `full` have no port left."""
    used = []

    def connected(kind, source, address):
        if source in full:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        used.append(source)

    monkeypatch.setattr(sources, "_connected", connected)
    return used


def test_the_system_chooses_until_its_ports_have_run_out(monkeypatch):
    full = set()
    used = connecting(monkeypatch, full=full)
    of = Sources()
    of.connect("127.0.0.1", 9)
    full |= {"", "127.0.0.2"}
    of.connect("127.0.0.1", 9)
    of.connect("127.0.0.1", 9)
    assert used == ["", "127.0.0.3", "127.0.0.3"]


def test_a_server_elsewhere_is_reached_from_what_the_system_chooses_only(monkeypatch):
    used = connecting(monkeypatch, full={""})
    with pytest.raises(OSError, match="assign"):
        Sources().connect("192.0.2.1", 9)
    assert used == []


def test_when_all_have_run_out_the_last_error_is_told(monkeypatch):
    connecting(monkeypatch, full=set(LOOPBACK))
    with pytest.raises(OSError, match="assign") as caught:
        Sources().connect("127.0.0.1", 9)
    assert "no local port is left" in in_words(caught.value)


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(ValueError, match=r"--source 192\.0\.2\.1: expected an address of this machine"):
        Sources(["192.0.2.1"])
    with pytest.raises(ValueError, match=r"--source here: expected an address"):
        Sources(["here"])


def test_too_many_open_files_are_named_with_the_limit():
    words = in_words(OSError(errno.EMFILE, "Too many open files"))
    assert f"no more than {sources.raise_open_files():g} files" in words
    assert "RLIMIT_NOFILE" in words
