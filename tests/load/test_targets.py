import pytest

from harness.load.targets import Miss, Pace, Plan, PlanError, Row, Target, read
from harness.protocols.skybit.users import SkybitTrader

PACES = {"beat_s": Pace(10.0, 0.5)}
ROWS = ["beat", "chat"]


def row(name="beat", **changes):
    figures = {
        "count": 100,
        "failures": 1,
        "per_s": 10.0,
        "intended": 110,
        "p50_ms": 5.0,
        "p90_ms": 10.0,
        "p95_ms": 20.0,
        "p99_ms": 80.0,
        "p999_ms": 85.0,
        "max_ms": 90.0,
        "bytes": 5000,
        "user_s": 50.0,
    }
    return Row(name, **{**figures, **changes})


def plan_of(tmp_path, text):
    path = tmp_path / "load.toml"
    path.write_text(text)
    return read(path, PACES, ROWS)


def test_a_file_says_paces_and_targets(tmp_path):
    plan = plan_of(tmp_path, "[pace]\nbeat_s = 2\n[targets.chat]\np99_ms = 100\nerror_rate = 0.01\n")
    assert plan == Plan({"beat_s": 2.0}, (Target("chat", "p99_ms", 100.0), Target("chat", "error_rate", 0.01)))


def test_an_empty_file_keeps_the_usual_pace_and_demands_nothing(tmp_path):
    assert plan_of(tmp_path, "") == Plan({"beat_s": 10.0}, ())


def test_the_protocols_own_file_can_be_read_and_demands_all_four_kinds_of_figures():
    plan = read(SkybitTrader.TARGETS, SkybitTrader.PACES, list(SkybitTrader.ROWS))
    assert {"p95_ms", "p99_ms", "error_rate", "throughput_share"} <= {t.figure for t in plan.targets}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[target]", "target: expected one of pace, targets, found 'target'; did you mean 'targets'?"),
        ("[targets.beet]", "targets.beet: expected one of beat, chat, found 'beet'; did you mean 'beat'?"),
        ("[targets.beat]\np98_ms = 1", "targets.beat.p98_ms: expected one of p50_ms, p90_ms"),
        ("[targets.beat]\np99_ms = 'fast'", "targets.beat.p99_ms: expected a number of at least 0, found 'fast'"),
        ("[targets.beat]\np99_ms = -1", "targets.beat.p99_ms: expected a number of at least 0, found -1"),
        ("[targets.beat]\np99_ms = true", "targets.beat.p99_ms: expected a number of at least 0, found True"),
        ("[targets.beat]\nerror_rate = 5", "targets.beat.error_rate: expected a share from 0 to 1, found 5"),
        ("[targets]\nbeat = 5", "targets.beat: expected a table, found 5"),
        ("pace = 5", "pace: expected a table, found 5"),
        ("[pace]\nbeats = 5", "pace.beats: expected one of beat_s, found 'beats'"),
        ("[pace]\nbeat_s = 0.1", "pace.beat_s: expected seconds, at least 0.5 (the limit of one such user), found 0.1"),
        ("[pace]\nbeat_s = inf", "pace.beat_s: expected seconds"),
        ("[pace]\nbeat_s = '1'", "pace.beat_s: expected seconds"),
        ("[pace", "expected TOML, found an error"),
        ("[quite_another_thing]", "quite_another_thing: expected one of pace, targets, found 'quite_another_thing'"),
    ],
)
def test_an_error_names_the_file_the_key_and_what_was_expected(tmp_path, text, words):
    with pytest.raises(PlanError) as caught:
        plan_of(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'load.toml'}: ")
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"nowhere\.toml: cannot be read: No such file"):
        read(tmp_path / "nowhere.toml", PACES, ROWS)


@pytest.mark.parametrize(
    ("figure", "value", "met"),
    [
        ("p50_ms", 5.0, True),
        ("p95_ms", 19.9, False),
        ("p99_ms", 80.0, True),
        ("error_rate", 0.01, True),
        ("error_rate", 0.009, False),
        ("throughput_per_s", 9.9, True),
        ("throughput_per_s", 10.0, False),
        ("throughput_share", 0.9, True),
        ("throughput_share", 0.91, False),
        ("user_throughput_per_s", 1.98, True),
        ("user_throughput_per_s", 1.99, False),
        ("user_bytes_per_s", 100.0, True),
        ("user_bytes_per_s", 99.0, False),
    ],
)
def test_a_target_is_met_at_its_very_value(figure, value, met):
    assert Target("beat", figure, value).is_met(row()) is met


UNMEASURED = ["p99_ms", "error_rate", "throughput_share", "user_throughput_per_s", "user_bytes_per_s"]


@pytest.mark.parametrize("figure", UNMEASURED)
def test_what_was_not_measured_meets_no_target(figure):
    nothing = row(count=0, failures=0, per_s=0.0, intended=0, p99_ms=None, user_s=0.0)
    assert not Target("beat", figure, 1.0).is_met(nothing)


def test_more_answers_than_were_intended_are_no_more_than_all():
    assert row(count=120, failures=0, intended=110).throughput_share == 1.0


def test_rows_that_cannot_be_measured_can_be_left_out():
    plan = Plan({}, (Target("beat", "p99_ms", 1.0), Target("chat", "p99_ms", 1.0)))
    assert plan.without({"chat"}).targets == (Target("beat", "p99_ms", 1.0),)


def test_misses_name_the_figure_and_what_was_measured():
    plan = Plan({}, (Target("beat", "p99_ms", 50.0), Target("beat", "p95_ms", 50.0), Target("chat", "p95_ms", 1.0)))
    misses = plan.misses({"beat": row()})
    assert [str(m) for m in misses] == [
        "beat: p99_ms must be at most 50, it was 80",
        "chat: p95_ms must be at most 1, nothing was measured",
    ]
    assert str(Miss(Target("beat", "throughput_per_s", 20.0), 9.9)) == (
        "beat: throughput_per_s must be at least 20, it was 9.9"
    )
