"""What the checks of clients say of a client that does everything right, and of one that does one thing wrong."""

import json

import pytest

from harness.conformance import suite
from harness.conformance.judging import on_conversation
from harness.conformance.verdict import Kind
from harness.core.conversation import Conversation
from harness.core.message import Frame, Opcode, rfc3339

SESSION = "7f3b9c2d-4e5f-4a7b-8c9d-0e1f2a3b4c5d"
BEGAN_S = 1705314600.0

SKYBIT = suite.load("skybit")
CHECKS = {c.id: c for c in SKYBIT.checks if SKYBIT.requirements[c.id].side == "client"}


class Play:
    """Messages of one connection, by time."""

    def __init__(self):
        self.lines = []

    def add(self, at_s, sender, kind, data, session=SESSION):
        number = len(self.lines)
        message = {
            "type": kind,
            "id": f"550e8400-e29b-41d4-a716-{446655440000 + number:012}",
            "ts": rfc3339(BEGAN_S + at_s),
            "session": session,
            "data": data,
        }
        self.lines.append((at_s, sender, message))
        return message

    def client(self, at_s, kind, **data):
        return self.add(at_s, "client", kind, data)

    def server(self, at_s, kind, **data):
        return self.add(at_s, "server", kind, data)

    def the(self, kind, number=0):
        """The client's message of this type, by number."""
        return [m for _, sender, m in self.lines if sender == "client" and m["type"] == kind][number]

    def drop(self, kind):
        self.lines = [line for line in self.lines if line[2]["type"] != kind or line[1] == "server"]

    def conversation(self):
        result = Conversation()
        for at_s, sender, message in sorted(self.lines, key=lambda line: line[0]):
            result.note(at_s, sender, Frame(Opcode.TEXT, json.dumps(message).encode()))
        return result


def auth(play):
    data = {"token": "eyJhbGciOiJIUzI1NiIs...", "version": "1.0.0", "platform": "darwin"}
    return play.add(0, "client", "Auth", data, session="new")


def approve(play, at_s, preview_id, name):
    names = {"client_order_id": f"cli-unique-{name}", "idem_key": f"idem-{name}"}
    return play.client(at_s, "Approve", preview_id=preview_id, modifications=None, **names)


def quotes(*symbols):
    return [{"type": "quotes", "symbols": list(symbols)}]


def trade():
    """A client that authenticates, subscribes, trades, cancels, and keeps the connection alive."""
    play = Play()
    auth(play)
    play.server(1, "Auth", status="authenticated")
    play.client(2, "Subscribe", channels=[*quotes("AAPL", "GOOGL"), {"type": "orders", "all": True}])
    play.client(3, "Chat", text="Buy 200 shares of AAPL", context={"positions": True})
    play.server(4, "Preview", preview_id="prev-123456", expires_at=rfc3339(BEGAN_S + 64))
    play.client(5, "Chat", text="Buy 100 shares of MSFT")
    play.server(6, "Preview", preview_id="prev-123457", expires_at=rfc3339(BEGAN_S + 66))
    approve(play, 7, "prev-123456", "1")
    play.client(8, "Cancel", target="preview", preview_id="prev-123457")
    play.client(9, "Cancel", target="order", order_id="ord-789012")
    play.client(10, "Unsubscribe", channels=["quotes"])
    too_soon = play.client(11, "Subscribe", channels=quotes("AAPL"))
    play.server(12, "Error", code="RATE_LIMIT", request_id=too_soon["id"])
    for at_s in (30, 60, 90):
        play.client(at_s, "Heartbeat", client_ts=rfc3339(BEGAN_S + at_s))
    return play


def turned_away():
    """A client that is not let in, and leaves it at that."""
    play = Play()
    first = auth(play)
    play.server(1, "Error", code="AUTH_FAILED", request_id=first["id"])
    return play


def outcome(id_, play):
    return on_conversation(SKYBIT, CHECKS[id_], play.conversation())


@pytest.mark.parametrize("id_", CHECKS)
def test_a_good_client_keeps_what_is_demanded_and_is_seen_to(id_):
    outcomes = [outcome(id_, play) for play in (trade(), turned_away())]
    assert [o.finding for o in outcomes] == [None, None]
    assert sum(o.observations for o in outcomes) > 0


def flood(kind, count, **data):
    def sin(play):
        for number in range(count):
            play.client(20 + number * 50 / count, kind, **data)

    return sin


def put(kind, path, value, number=0):
    """Give one member of a message another value."""

    def sin(play):
        place = play.the(kind, number)
        *parents, last = path.split(".")
        for name in parents:
            place = place[name]
        place[last] = value

    return sin


def approves_unseen(play):
    approve(play, 13, "prev-999999", "2")


def approves_late(play):
    approve(play, 68, "prev-123456", "2")


def approves_cancelled(play):
    approve(play, 13, "prev-123457", "2")


def approves_under_the_same_name(play):
    approve(play, 7.5, "prev-123457", "1")


def speaks_before_confirmation(play):
    play.client(0.5, "Heartbeat", client_ts=rfc3339(BEGAN_S))


def earns_a_refusal(play):
    play.server(13, "Error", code="INVALID_REQUEST", request_id=play.the("Chat")["id"])


def sends_noise(play):
    play.server(13, "Error", code="INVALID_REQUEST", request_id=None)


def does_not_hear(play):
    for number in range(10):
        play.server(13 + number, "Error", code="RATE_LIMIT", request_id=play.the("Chat")["id"])


def subscribes_again(play):
    play.client(14, "Subscribe", channels=quotes("MSFT", "AAPL"))


def falls_silent(play):
    play.drop("Heartbeat")
    play.server(75, "MarketData", symbol="AAPL")


def chats_all_along(play):
    play.drop("Heartbeat")
    for at_s in (30, 60, 90):
        play.client(at_s, "Chat", text="What is AAPL trading at?")


SINS = [
    ("SKY-CLIENT-01", lambda play: play.client(-1, "Heartbeat")),
    ("SKY-CLIENT-02", speaks_before_confirmation),
    ("SKY-CLIENT-04", put("Chat", "type", "Preview")),
    ("SKY-CLIENT-05", put("Chat", "id", "1")),
    ("SKY-CLIENT-05", put("Chat", "id", "550e8400-e29b-11d4-a716-446655440000")),
    ("SKY-CLIENT-06", lambda play: play.the("Chat").update(id=play.the("Chat", 1)["id"])),
    ("SKY-CLIENT-07", put("Chat", "ts", "2024-01-15 10:30")),
    ("SKY-CLIENT-07", put("Chat", "ts", "2024-13-45T10:30:00Z")),
    ("SKY-CLIENT-08", put("Auth", "session", "old")),
    ("SKY-CLIENT-09", put("Chat", "session", "new")),
    ("SKY-CLIENT-10", put("Chat", "data", "Buy 200 shares of AAPL")),
    ("SKY-CLIENT-11", put("Auth", "data.token", "")),
    ("SKY-CLIENT-12", put("Auth", "data.version", None)),
    ("SKY-CLIENT-13", put("Auth", "data.platform", 11)),
    ("SKY-CLIENT-14", put("Chat", "data.text", "")),
    ("SKY-CLIENT-15", put("Chat", "data.context", {"positions": "yes"})),
    ("SKY-CLIENT-16", approves_unseen),
    ("SKY-CLIENT-17", approves_late),
    ("SKY-CLIENT-18", approves_cancelled),
    ("SKY-CLIENT-19", put("Approve", "data.modifications", 150)),
    ("SKY-CLIENT-20", approves_under_the_same_name),
    ("SKY-CLIENT-21", put("Approve", "data.idem_key", None)),
    ("SKY-CLIENT-22", approves_under_the_same_name),
    ("SKY-CLIENT-23", put("Cancel", "data.target", "everything")),
    ("SKY-CLIENT-24", put("Cancel", "data.preview_id", "prev-999999")),
    ("SKY-CLIENT-25", put("Cancel", "data.order_id", None, 1)),
    ("SKY-CLIENT-26", put("Heartbeat", "data.client_ts", 1705314630)),
    ("SKY-CLIENT-27", falls_silent),
    ("SKY-CLIENT-28", chats_all_along),
    ("SKY-CLIENT-29", flood("Chat", 61, text="What is AAPL trading at?")),
    ("SKY-CLIENT-30", flood("Approve", 101, preview_id="prev-123456")),
    ("SKY-CLIENT-31", flood("Heartbeat", 121, client_ts=rfc3339(BEGAN_S))),
    ("SKY-CLIENT-32", flood("Unsubscribe", 501, channels=["quotes"])),
    ("SKY-CLIENT-34", put("Subscribe", "data.channels", ["quotes"])),
    ("SKY-CLIENT-34", put("Subscribe", "data.channels", [])),
    ("SKY-CLIENT-35", put("Subscribe", "data.channels", [{"type": "quotes", "all": True}])),
    ("SKY-CLIENT-36", subscribes_again),
    ("SKY-CLIENT-37", put("Unsubscribe", "data.channels", [{"type": "quotes"}])),
    ("SKY-CLIENT-38", earns_a_refusal),
    ("SKY-CLIENT-38", sends_noise),
    ("SKY-CLIENT-40", does_not_hear),
]


@pytest.mark.parametrize(("id_", "sin"), SINS)
def test_a_client_that_does_one_thing_wrong_is_told_so(id_, sin):
    play = trade()
    sin(play)
    found = outcome(id_, play)
    assert found.kind is Kind.VIOLATED
    assert found.finding.violation.expected


def test_a_client_that_is_not_let_in_and_asks_again_is_told_so():
    play = turned_away()
    play.client(5, "Heartbeat")
    assert outcome("SKY-CLIENT-39", play).kind is Kind.VIOLATED


@pytest.mark.parametrize(
    "frame", [Frame(Opcode.TEXT, b"hello"), Frame(Opcode.BINARY, b"{}"), Frame(Opcode.TEXT, b"[]")]
)
def test_a_client_whose_frames_hold_no_message_is_told_so(frame):
    conversation = trade().conversation()
    conversation.note(95, "client", frame)
    assert on_conversation(SKYBIT, CHECKS["SKY-CLIENT-03"], conversation).kind is Kind.VIOLATED


def test_every_check_of_clients_is_shown_to_fail():
    assert {id_ for id_, _ in SINS} | {"SKY-CLIENT-03", "SKY-CLIENT-39"} == set(CHECKS)


def test_previews_of_a_session_taken_up_again_are_not_on_record():
    play = trade()
    play.the("Auth")["session"] = SESSION
    approves_unseen(play)
    assert outcome("SKY-CLIENT-16", play).kind is Kind.HELD


@pytest.mark.parametrize("id_", CHECKS)
def test_the_end_of_a_long_record_alone_accuses_nobody(id_):
    record = Conversation(limit=3)
    for entry in trade().conversation().entries:
        record.note(entry.at_s, entry.sender, entry.frame)
    assert on_conversation(SKYBIT, CHECKS[id_], record).finding is None
