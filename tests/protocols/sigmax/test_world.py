"""The world as a whole: its cadences, its alerts, what may change while it runs, and the same seed."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from harness.core.world import Vitals
from harness.protocols.sigmax.books import exact
from harness.protocols.sigmax.selection import TOPICS
from harness.protocols.sigmax.world import TOPIC_OF

BTC, ETH = "BTC/USDT", "ETH/USDT"


def test_topics_come_at_their_cadences_from_the_beginning_of_the_stage(system_of):
    system = system_of()
    first = system.connect("all")
    system.wait(7.3)
    second = system.connect("market", "portfolio", "status", "health")
    system.wait(52.7)
    for kind, every_s in (("market_update", 2), ("portfolio_update", 3), ("system_status", 5), ("health_update", 10)):
        ticks = [float(every_s * n) for n in range(1, 60 // every_s + 1)]
        assert first.times(kind) == ticks
        assert second.times(kind) == [t for t in ticks if t > 7.3]


def test_each_topic_brings_its_events(system_of):
    system = system_of("steps: [{at: 9s, send: alert}, {at: 10s, send: status_change.error}]")
    clients = {topic: system.connect(topic) for topic in TOPICS}
    system.wait(12)
    for topic, client in clients.items():
        events = {m["type"] for m in client.messages()} - {"connected", "subscribed"}
        assert events == {kind for kind, of in TOPIC_OF.items() if topic in (of, "all")}


def test_proposals_come_about_every_four_seconds_from_analyses_that_come_before(system_of):
    system = system_of()
    client = system.connect("proposals", "analysis")
    system.wait(400)
    times = client.times("proposal_created")
    assert 3.5 < 400 / len(times) < 5
    newest = {}
    for message in client.messages("analysis_update", "proposal_created"):
        data = message["data"]
        if message["type"] == "analysis_update":
            newest[data["symbol"]] = data
        else:
            analysis = newest.pop(data["symbol"])
            assert analysis["decision"] == data["action"]
            strength = "strong" if analysis["confidence"] >= 0.75 else "moderate"
            assert data["reason"] == f"Agent consensus: {strength} {data['action']} signal"


def test_the_status_counts_what_was_told(system_of):
    system = system_of()
    client = system.connect("all")
    system.wait(100)
    status = client.data("system_status")[-1]
    for name, kind in (
        ("analyses", "analysis_update"),
        ("proposals", "proposal_created"),
        ("trades", "trade_executed"),
    ):
        assert status[name] == len(client.messages(kind)) > 10
    assert status["uptime_s"] == 100.0


# Alerts ---------------------------------------------------------------------------------------------


def test_a_crash_while_the_scenario_plays_brings_alerts_of_prices_and_portfolio(system_of):
    system = system_of("world: {volatility: 0}\nsteps: [{at: 60s, world: {shock: -0.2}}]")
    client = system.connect("alerts", "market")
    system.wait(100)
    assert set(client.times("alert")) == {60.0}
    moves, (drawdown,) = client.data("alert")[:-1], client.data("alert")[-1:]
    assert moves[0]["message"] == "BTC/USDT fell by 20.00 % within a minute"
    assert {(move["level"], move["source"]) for move in moves} == {("critical", "market")}
    assert len(moves) == 6
    assert drawdown["source"] == "portfolio"
    assert drawdown["message"].startswith("The portfolio is ")
    prices = [rows[0]["price"] for rows in client.data("market_update")]
    assert (prices[28], prices[29], prices[49]) == (95000.0, 76000.0, 76000.0)


def test_a_rise_is_told_as_a_rise_and_a_smaller_one_as_a_warning(system_of):
    system = system_of("steps: [{at: 20s, world: {shock: 0.05}}, {at: 40s, world: {shock: 0.05}}]")
    client = system.connect("alerts")
    system.wait(50)
    alerts = [alert for alert in client.data("alert") if alert["message"].startswith(BTC)]
    assert len(alerts) == 2
    assert {alert["level"] for alert in alerts} == {"warning"}
    assert all(" rose by " in alert["message"] for alert in alerts)


def test_a_shock_is_felt_once_and_not_again_when_something_else_changes(system_of):
    system = system_of(facts={"volatility": 0.0, "shock": -0.5})
    client = system.connect("market")

    def price(**changes):
        system.world.change(changes, system.now)
        system.wait(2)
        return client.data("market_update")[-1][0]["price"]

    assert [price(drift=0.0), price(drift=0.0), price(shock=-0.5), price(drift=0.0)] == [47500, 47500, 23750, 23750]


def test_shocks_between_two_ticks_add_up(system_of):
    system = system_of("world: {volatility: 0}\nsteps: [{at: 3s, world: {shock: 1}}, {at: 3s, world: {shock: -0.2}}]")
    client = system.connect("market")
    system.wait(4)
    assert [rows[0]["price"] for rows in client.data("market_update")] == [95000.0, 152000.0]


def test_each_further_step_below_the_peak_is_told_once_and_a_new_peak_begins_anew(system_of):
    system = system_of(facts={"volatility": 0.0, "proposals_every_s": 1e6})
    books = system.world.desk.books
    books.execute(BTC, "buy", books.cash / 96_000, exact(95_000))
    client = system.connect("alerts")

    def told(part):
        client.client.log.clear()
        system.world.change({"shock": part}, system.now)
        system.wait(2)
        return sum(alert["source"] == "portfolio" for alert in client.data("alert"))

    assert [told(part) for part in (-0.06, 0.061, -0.06, -0.06, 0.5, -0.07)] == [1, 0, 0, 1, 0, 1]


def test_a_storm_begins_changes_its_pace_and_ends_as_the_scenario_says(system_of):
    steps = """steps:
  - {at: 10s, world: {alerts_per_second: 10}}
  - {at: 20s, world: {alerts_per_second: 2}}
  - {at: 30s, world: {alerts_per_second: 0}}
"""
    system = system_of("world: {volatility: 0}\n" + steps)
    client = system.connect("alerts")
    system.wait(40)
    counts = [sum(a < t <= b + 1e-6 for t in client.times("alert")) for a, b in ((0, 10), (10, 20), (20, 30), (30, 40))]
    assert counts == pytest.approx([0, 100, 20, 0], abs=1)
    assert {alert["source"] for alert in client.data("alert")} == {"monitor"}
    assert {alert["level"] for alert in client.data("alert")} == {"info", "warning", "critical"}


def test_the_key_may_change_while_the_scenario_plays(system_of):
    system = system_of("steps: [{at: 1s, world: {api_key: secret}}]")
    system.connect()
    system.wait(2)
    assert system.connect().ends == [1008]


def test_a_livelier_market_gives_more_proposals_from_then_on(system_of):
    system = system_of("steps: [{at: 40s, world: {proposals_every: 1s}}]")
    client = system.connect("proposals")
    system.wait(80)
    times = client.times("proposal_created")
    assert sum(t > 44 for t in times) > 2 * sum(t <= 44 for t in times)


# Health ---------------------------------------------------------------------------------------------


def test_health_is_measured_where_that_is_possible(world_of):
    vitals = Vitals(12.34, 50.0, 75.01, 321)
    expected = {"cpu_percent": 12.3, "memory_percent": 50.0, "disk_percent": 75.0, "process_count": 321}
    assert world_of(vitals=lambda: vitals).health_data() == expected
    assert world_of(vitals=lambda: vitals, health="simulated").health_data() != expected
    assert world_of().health_data() == world_of(health="simulated").health_data()


# Whatever clients do --------------------------------------------------------------------------------


def frames(make, seed):
    """All bytes that three clients get, who come, choose and command."""
    system = make(seed=seed, facts={"volatility": 5.0, "health": "simulated"})
    clients = [system.connect("all"), system.connect("proposals", symbols=[BTC]), system.connect(symbols=[ETH])]
    system.wait(33.3)
    clients[1].command("pause")
    clients[2].subscribe("health", "x")
    system.wait(60)
    return [[entry.frame.data for entry in client.link.conversation.entries] for client in clients]


def test_the_same_seed_gives_the_same_bytes(system_of):
    assert frames(system_of, 3) == frames(system_of, 3)
    assert frames(system_of, 3) != frames(system_of, 4)


def test_what_clients_ask_does_not_change_the_market(system_of):
    busy, calm = system_of(seed=3), system_of(seed=3)
    client, other = busy.connect("market"), calm.connect("market")
    for _ in range(10):
        client.command("analyze", symbol=BTC)
        for system in (busy, calm):
            system.wait(5)
    assert client.data("market_update") == other.data("market_update")


TOPIC_WORDS = st.lists(st.sampled_from([*TOPICS, "symbol:BTC/USDT", "nothing", "symbol:x"]), max_size=3)
SYMBOL_WORDS = st.lists(st.sampled_from([BTC, ETH, "symbol:SOL/USDT", "NO/NE", "btc"]), max_size=2)


class Machine(RuleBasedStateMachine):
    """Clients come, choose, command and go; the test keeps books of its own on what each must hear."""

    system_of = None

    @initialize(seed=st.integers(0, 1000), volatility=st.sampled_from([0.0, 1.0, 50.0]))
    def begin(self, seed, volatility):
        self.system = self.system_of(seed=seed, facts={"volatility": volatility})
        self.expected = {}  # Client -> its topics and symbols.

    @rule()
    def come(self):
        client = self.system.connect()
        self.expected[client] = (set(), set())

    @rule(data=st.data(), topics=TOPIC_WORDS, symbols=SYMBOL_WORDS, adds=st.booleans())
    def choose(self, data, topics, symbols, adds):
        if not self.expected:
            return
        client = data.draw(st.sampled_from(list(self.expected)))
        answers = (client.subscribe if adds else client.unsubscribe)(*topics, symbols=symbols)
        words = {w.removeprefix("symbol:") for w in (*symbols, *(t for t in topics if t.startswith("symbol:")))}
        good = {t for t in topics if t in TOPICS}, words & {BTC, ETH, "SOL/USDT", "NO/NE"}
        bad = sum(t in ("nothing", "symbol:x") for t in topics) + symbols.count("btc")
        assert [m["type"] for m in answers[:bad]] == ["error"] * bad
        assert len(answers) == bad + (not bad or any(good))
        for mine, said in zip(self.expected[client], good, strict=True):
            mine.update(said) if adds else mine.difference_update(said)

    @rule(data=st.data(), command=st.sampled_from(["pause", "resume", "analyze", "approve_proposal", "x"]))
    def command(self, data, command):
        if self.expected:
            client = data.draw(st.sampled_from(list(self.expected)))
            open_ones = list(self.system.world.desk.open)
            answer = client.command(command, symbol=ETH, proposal_id=open_ones[0] if open_ones else "prop_0")[0]
            assert answer["type"] in ("system_status", "error")

    @rule(
        data=st.data(),
        changes=st.sampled_from(
            [
                {"shock": -0.3},
                {"shock": 0.4},
                {"proposals": "left"},
                {"proposals": "executed"},
                {"proposals": "refused"},
            ]
        ),
    )
    def turn(self, data, changes):
        self.system.world.change(changes, self.system.now)

    @rule(seconds=st.sampled_from([0.1, 1.0, 7.0]))
    def wait(self, seconds):
        for client in self.expected:
            client.client.log.clear()
        since = self.system.now
        self.system.wait(seconds)
        for client, (topics, symbols) in self.expected.items():
            self.check(client, topics, symbols, since)

    @rule(data=st.data())
    def go(self, data):
        if self.expected:
            client = data.draw(st.sampled_from(list(self.expected)))
            client.leave()
            self.system.awake.remove(client)
            del self.expected[client]

    def check(self, client, topics, symbols, since):
        ticks = [t for t in range(int(since), int(self.system.now) + 1) if since < t <= self.system.now and t % 2 == 0]
        hears_rows = topics & {"all", "market"} or symbols - {"NO/NE"}
        assert client.times("market_update") == [float(t) for t in (ticks if hears_rows else [])]
        for message in client.messages():
            kind = message["type"]
            is_wanted = topics & {"all", TOPIC_OF.get(kind)}
            if kind == "market_update" and not is_wanted:
                assert {row["symbol"] for row in message["data"]} == symbols - {"NO/NE"}
            elif kind == "analysis_update" and not is_wanted:
                assert message["data"]["symbol"] in symbols
            else:
                assert is_wanted or kind == "ping"

    @invariant()
    def counts_agree(self):
        if hasattr(self, "expected"):
            assert len(self.system.world.connections) == len(self.expected)
            assert self.system.world.check_books() == []


def test_whatever_clients_do_each_hears_what_it_chose_and_books_balance(system_of):
    machine = type("Bound", (Machine,), {"system_of": staticmethod(system_of)})
    run_state_machine_as_test(machine, settings=settings(max_examples=150, stateful_step_count=25, deadline=None))
