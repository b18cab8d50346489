"""Sessions that outlive their connections."""

import pytest

from harness.protocols.megabot import sessions
from harness.protocols.megabot.credentials import Identity
from harness.protocols.megabot.sessions import KeptSession, Sessions

NOBODY = Identity()


class Connection:
    """Something that can be told of an event."""

    def notice(self, topic, event, now):
        """Never called here."""


def left(book, name, at, principal=None, user_id="user_789"):
    """A session that was left at this moment."""
    session = KeptSession(name, user_id, principal)
    connection = Connection()
    book.connect(session, connection)
    book.disconnect(session, connection, at)
    return session


def test_a_session_is_found_until_its_time_is_over():
    book = Sessions()
    session = left(book, "sess_1", at=100.0)
    assert book.find("sess_1", NOBODY, 30.0, 129.9) is session
    assert book.find("sess_1", NOBODY, 30.0, 130.0) is None
    assert book.by_id == {}


def test_a_session_with_a_connection_is_kept_for_ever():
    book = Sessions()
    session = left(book, "sess_1", at=0.0)
    book.connect(session, Connection())
    assert book.find("sess_1", NOBODY, 30.0, 1e9) is session


def test_it_is_left_when_its_last_connection_goes():
    book = Sessions()
    session, first, second = KeptSession("sess_1", "user_789", None), Connection(), Connection()
    book.connect(session, first)
    book.connect(session, second)
    book.disconnect(session, first, 5.0)
    assert book.left == {}
    book.disconnect(session, second, 9.0)
    assert (list(book.left), session.left_at) == (["sess_1"], 9.0)


@pytest.mark.parametrize("wanted", [None, "", "sess_2"])
def test_what_was_never_there_is_not_found(wanted):
    book = Sessions()
    left(book, "sess_1", at=0.0)
    assert book.find(wanted, NOBODY, 30.0, 1.0) is None


@pytest.mark.parametrize(
    ("principal", "user_id", "identity", "is_found"),
    [
        (None, "user_789", Identity(), True),
        (None, "user_789", Identity(None, "user_789"), True),
        (None, "user_789", Identity(None, "user_790"), False),
        (None, "user_789", Identity("user", "user"), False),
        ("user", "user", Identity("user", "user"), True),
        ("user", "bob", Identity("user", "user"), True),
        ("user", "user", Identity("admin", "admin"), False),
        ("user", "user", Identity(None, "user"), False),
        ("user", "user", Identity(), False),
        ("key k", "user_789", Identity("key k"), True),
    ],
)
def test_only_its_own_client_finds_a_session(principal, user_id, identity, is_found):
    book = Sessions()
    session = left(book, "sess_1", 0.0, principal, user_id)
    assert book.find("sess_1", identity, 30.0, 1.0) is (session if is_found else None)


def test_of_too_many_that_were_left_the_oldest_is_forgotten(monkeypatch):
    monkeypatch.setattr(sessions, "LEFT_KEPT", 2)
    book = Sessions()
    for number in range(3):
        left(book, f"sess_{number}", at=float(number))
    assert book.find("sess_2", NOBODY, 1800.0, 3.0) is not None
    assert list(book.by_id) == ["sess_1", "sess_2"]
    assert book.faults() == []


def test_a_session_takes_part_in_its_own_workspace_and_in_what_it_joined():
    book = Sessions()
    session = left(book, "sess_1", at=0.0)
    for name in ("doc", "sess_1", "doc"):
        assert book.join(session, name) is None
    assert list(session.workspaces) == ["sess_1", "doc"]


def test_with_too_many_workspaces_the_oldest_is_left(monkeypatch):
    monkeypatch.setattr(sessions, "WORKSPACES_KEPT", 2)
    book = Sessions()
    session = left(book, "sess_1", at=0.0)
    assert [book.join(session, name) for name in ("sess_1", "a", "b", "c")] == [None, None, None, "a"]
    assert list(session.workspaces) == ["sess_1", "b", "c"]


def test_faults_are_named():
    book = Sessions()
    book.by_id["sess_1"] = KeptSession("sess_1", "user_789", None)
    session = left(book, "sess_2", at=0.0)
    session.connections[Connection()] = None
    session.joined = dict.fromkeys(map(str, range(101)))
    assert book.faults() == [
        "sess_1: idle, and not noted as left",
        "sess_2: noted as left, and not idle",
        "sess_2: in 101 workspaces",
    ]
