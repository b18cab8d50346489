"""What invariants say of records that the mock does not give: other days, cut beginnings, and what has other shapes."""

import pytest

from harness.conformance import suite
from harness.conformance.verdict import Kind
from harness.core.message import Frame, Opcode
from harness.protocols.brainstream.checks.reading import is_count, is_number, moment

BRAINSTREAM = suite.load("brainstream")
INVARIANTS = [c.id for c in BRAINSTREAM.checks if not c.exchange]
MIDNIGHT_S = 43_200  # After the moment of the sample, which is noon.


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-21T12:00:00Z",
        "2025-12-21T12:00:00.123456789+01:00",
        "2025-12-21 12:00:00",
        "2025-12-21t12:00:00z",
        "20251221T120000Z",
        "2025-12-21T12:00",
        "2025-W51-7T12:00:00Z",
        "2016-12-31T23:59:60Z",
    ],
)
def test_a_date_and_time_of_iso_8601_is_read(text):
    assert moment(text) is not None


@pytest.mark.parametrize(
    "value", [None, 1705314600, "", "2025-12-21", "12:00:00Z", "yesterday", "2025-13-21T12:00:00Z", "21.12.2025 12:00"]
)
def test_what_is_no_date_and_time_is_none(value):
    assert moment(value) is None


def test_numbers_are_finite_and_no_booleans():
    assert [is_number(v) for v in (1, 1.5, 10**400, True, float("nan"), "1", None)] == [True] * 3 + [False] * 4
    assert [is_count(v) for v in (5, 5.0, 10**400, 5.5, -1, True)] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("id_", INVARIANTS)
def test_of_nothing_nothing_is_said(record, id_):
    assert record.judged(id_) == (Kind.HELD, 0)


SHAPES = ["[]", "7", '"TELEMETRY"', "{}", '{"type":7}', '{"type":"TELEMETRY"}', '{"type":"TELEMETRY","data":[]}']
SHAPES += [f'{{"type":"{kind}","data":{data}}}' for kind in ("WELCOME", "TELEMETRY") for data in ("null", "{}")]
PARTS = ("timestamp", "status", "market", "portfolio", "signal", "governance", "logs", "agents", "models")
VALUES = ("null", "7", '"x"', "[]", "[7]", "[{}]", "{}", '{"A":7}', '{"A":{}}', '{"A":{"invocations":"x"}}')
SHAPES += [f'{{"type":"TELEMETRY","data":{{"{part}":{value}}}}}' for part in PARTS for value in VALUES]


@pytest.mark.parametrize("id_", INVARIANTS)
def test_no_check_stumbles_over_what_is_no_packet(record, id_):
    for at_s, shape in enumerate(SHAPES):
        record.frame(at_s, "server", Frame(Opcode.TEXT, shape.encode()))
        record.frame(at_s, "client", Frame(Opcode.TEXT, shape.encode()))
    assert record.judged(id_)[0] is not Kind.BROKEN


def test_where_the_beginning_is_not_recorded_welcome_is_not_missed(record):
    record.conversation.limit = 1
    record.packet(0, "WELCOME").packet(1)
    assert record.judged("BRA-WEL-01") == (Kind.HELD, 0)


def test_what_a_welcome_lacks_is_missed_once(record):
    record.frame(0, "server", Frame(Opcode.TEXT, b'{"type":"WELCOME","data":{"status":"ACTIVE"}}'))
    assert record.judged("BRA-WEL-04")[0] is Kind.VIOLATED
    assert record.judged("BRA-MKT-02") == (Kind.HELD, 0)


def test_a_first_packet_without_time_says_nothing_of_its_age(record):
    record.packet(0, "WELCOME", timestamp="now").packet(1)
    assert record.judged("BRA-WEL-05") == (Kind.HELD, 0)


def test_the_drawdown_may_begin_anew_with_a_day(record):
    record.packet(MIDNIGHT_S - 1, portfolio__max_drawdown=-0.1).packet(MIDNIGHT_S, portfolio__max_drawdown=0)
    assert record.judged("BRA-PORT-05")[0] is Kind.HELD


def test_the_drawdown_may_not_recover_within_a_day(record):
    record.packet(1, portfolio__max_drawdown=-0.1).packet(2, portfolio__max_drawdown=-0.09)
    assert record.judged("BRA-PORT-05")[0] is Kind.VIOLATED


def test_the_profit_may_begin_anew_with_a_day(record):
    record.packet(MIDNIGHT_S - 1, portfolio__daily_pnl=500.0).packet(MIDNIGHT_S, portfolio__daily_pnl=0)
    assert record.judged("BRA-PORT-06")[0] is Kind.HELD


def test_the_profit_may_not_jump_within_a_day(record):
    record.packet(1, portfolio__daily_pnl=500.0).packet(2, portfolio__daily_pnl=0)
    assert record.judged("BRA-PORT-06")[0] is Kind.VIOLATED


def test_a_fall_of_the_nav_is_a_drawdown(record):
    told = {"portfolio__max_drawdown": -0.02}
    record.packet(1, portfolio__nav=100_000, **told).packet(2, portfolio__nav=96_000, **told)
    assert record.judged("BRA-PORT-07")[0] is Kind.VIOLATED


def test_a_nav_below_nothing_has_fallen_by_all_of_it_at_most(record):
    told = {"portfolio__max_drawdown": -1}
    record.packet(1, portfolio__nav=100_000, **told).packet(2, portfolio__nav=-50_000, **told)
    assert record.judged("BRA-PORT-07") == (Kind.HELD, 1)


def test_counts_may_begin_anew_with_the_engine(record):
    one, other = ({"A": {"latency_ms": 1, "success_rate": 1, "invocations": count}} for count in (9, 2))
    record.packet(1, agents=one).packet(2, agents=other, status="INITIALIZING")
    assert record.judged("BRA-AGENT-06")[0] is Kind.HELD
    assert record.packet(3, agents=one).packet(4, agents=other).judged("BRA-AGENT-06")[0] is Kind.VIOLATED


def test_silence_at_the_end_is_a_gap(record):
    record.packet(0).packet(1).client(9, type="PING")
    assert record.judged("BRA-STREAM-02")[0] is Kind.VIOLATED


def test_a_log_entry_without_zone_is_not_compared(record):
    entry = {"level": "INFO", "message": "x", "timestamp": "1970-01-01T00:00:00"}
    assert record.packet(1, logs=[entry]).judged("BRA-LOG-06") == (Kind.HELD, 0)


@pytest.mark.parametrize("stamp", ["19700101T000000Z", "1970-01-01T00:00:00-05:00"])
def test_a_log_entry_with_a_zone_is_compared(record, stamp):
    entry = {"level": "INFO", "message": "x", "timestamp": stamp}
    assert record.packet(1, logs=[entry]).judged("BRA-LOG-06")[0] is Kind.VIOLATED
