"""Which stage a client is led to. Clients here are the toy protocol's, on a loop of virtual time."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from harness.core.clock import run_virtual
from harness.core.message import Opcode
from harness.core.session import Request
from harness.scenario import house as houses
from harness.scenario.house import BadRequest, House
from harness.scenario.library import Library
from harness.scenario.loading import load, parse

QUIET = "scenario: Silence\nprotocol: toy\nseed: 5\nspeed: 2\nsteps: [{when: Ask, reply: []}]\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "quiet.yaml").write_text(QUIET)
    (tmp_path / "broken.yaml").write_text("scenario: Broken\nprotocol: toy\nspeed: 0\n")
    return tmp_path


@pytest.fixture
def inside(toy, folder):
    """Runs `work(house)` in virtual time."""

    def run(work, **options):
        async def begin():
            house = House({"toy": toy}, lambda: 1705314600.0, library=Library([folder]), **options)
            await work(house)

        run_virtual(begin())

    return run


class Client:
    """A client on the stage that its query asks for."""

    def __init__(self, house, **query):
        self.codes = []
        self.driver = house.driver(house.protocols["toy"], query)
        self.link = self.driver.connect(Request("/toy"), self)

    def send(self, frame):
        if frame.opcode is Opcode.CLOSE:
            self.codes.append(frame.code)

    def leave(self):
        self.driver.gone(self.link)


def test_who_asks_for_nothing_joins_the_default_stage(inside):
    async def work(house):
        one, other = Client(house), Client(house, symbol="a protocol's own parameter")
        assert one.driver is other.driver is house.drivers["toy", "default"]
        assert one.driver.stage.scenario.name == "default"
        assert one.driver.stage.clock.epoch_s == 1705314600.0

    inside(work)


def test_the_default_stage_may_have_a_scenario(inside, toy, folder):
    async def work(house):
        stage = Client(house).driver.stage
        assert (stage.scenario.title, stage.seed) == ("Silence", 5)
        assert Client(house, scenario="default").driver.stage.scenario.title == "Toy, as it is"

    inside(work, defaults={"toy": load(folder / "quiet.yaml", {"toy": toy})})


def test_a_named_stage_is_shared_by_all_who_name_it(inside):
    async def work(house):
        one, other = Client(house, stage="mine"), Client(house, stage="mine")
        assert one.driver is other.driver is not Client(house, stage="yours").driver

    inside(work)


def test_without_a_name_a_scenario_seed_or_speed_gives_a_stage_of_ones_own(inside):
    async def work(house):
        one, other = Client(house, scenario="quiet"), Client(house, scenario="quiet")
        assert one.driver is not other.driver
        assert (one.driver.stage.seed, one.driver.speed) == (5, 2)
        assert Client(house, seed="-9").driver.stage.seed == -9
        assert Client(house, speed="0.5").driver.speed == 0.5

    inside(work)


def test_the_first_client_of_a_named_stage_decides_what_it_plays(inside):
    async def work(house):
        first = Client(house, stage="mine", scenario="quiet", seed="7", speed="60")
        same = Client(house, stage="mine", scenario="quiet", seed="7", speed="60.0")
        assert first.driver is same.driver is Client(house, stage="mine").driver
        for parameter, value, there in [("scenario", "default", "'quiet'"), ("seed", "8", "7"), ("speed", "1", "60.0")]:
            with pytest.raises(BadRequest, match=f"^{parameter}: expected {there}, which this stage plays already"):
                Client(house, stage="mine", **{parameter: value})

    inside(work)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"stage": "a/b"}, r"stage: expected a name of 1 to 64 letters.*, found 'a/b'"),
        ({"stage": ""}, r"stage: expected a name .*, found ''"),
        ({"seed": "many"}, r"seed: expected a whole number, found 'many'"),
        ({"speed": "fast"}, r"speed: expected a number above 0, and at most 1000, found 'fast'"),
        ({"speed": "0"}, r"speed: expected a number above 0"),
        ({"speed": "nan"}, r"speed: expected a number above 0"),
        (
            {"scenario": "quite"},
            r"scenario: expected a scenario of toy \(.*quiet.*\), found 'quite'. Did you mean 'quiet'\?",
        ),
        ({"scenario": "../quiet"}, r"scenario: expected a scenario of toy"),
        (
            {"scenario": "broken"},
            r"(?s)scenario: 'broken' cannot be played:.*broken.yaml:3: speed: expected a number above",
        ),
    ],
)
def test_a_bad_query_is_refused_in_words_that_name_the_parameter(inside, query, words):
    async def work(house):
        with pytest.raises(BadRequest, match=words) as caught:
            Client(house, **query)
        assert caught.value.status == 400
        assert house.drivers == {}

    inside(work)


def test_a_client_that_comes_back_soon_finds_its_stage_as_it_left_it(inside):
    async def work(house):
        first = Client(house, stage="mine")
        await asyncio.sleep(100)
        first.leave()
        await asyncio.sleep(59)
        again = Client(house, stage="mine")
        assert again.driver is first.driver
        await asyncio.sleep(300)
        assert house.drivers["toy", "mine"] is again.driver

    inside(work)


def test_a_stage_that_nobody_used_for_a_minute_is_forgotten(inside):
    async def work(house):
        client = Client(house, stage="mine")
        await asyncio.sleep(30)
        client.leave()
        await asyncio.sleep(90)
        assert house.drivers == {}
        assert Client(house, stage="mine").driver is not client.driver

    inside(work)


def test_the_default_stage_is_kept(inside):
    async def work(house):
        client = Client(house)
        client.leave()
        await asyncio.sleep(1000)
        assert Client(house).driver is client.driver

    inside(work)


def test_when_there_are_too_many_stages_the_one_unused_for_longest_goes(inside, monkeypatch):
    monkeypatch.setattr(houses, "MAX_STAGES", 4)

    async def work(house):
        Client(house).leave()
        Client(house, stage="busy")
        for name in ("old", "new"):
            await asyncio.sleep(1)
            Client(house, stage=name).leave()
        Client(house, stage="next")
        assert [name for _, name in house.drivers] == ["default", "busy", "new", "next"]

    inside(work)


def test_when_all_stages_are_in_use_another_one_must_wait(inside, monkeypatch):
    monkeypatch.setattr(houses, "MAX_STAGES", 2)

    async def work(house):
        Client(house, stage="a"), Client(house, stage="b")
        with pytest.raises(BadRequest, match="stage: expected at most 2 stages in use, found one more") as caught:
            Client(house, stage="c")
        assert caught.value.status == 503

    inside(work)


def test_an_edited_scenario_is_swapped_in_wherever_it_is_played_and_its_clients_are_told(inside, toy, folder):
    path = folder / "quiet.yaml"
    edited = parse(QUIET.replace("Silence", "Stillness").replace("seed: 5", "seed: 6"), path, {"toy": toy})

    async def work(house):
        default, mine, own = (
            Client(house),
            Client(house, stage="mine", scenario="quiet", seed="9"),
            Client(house, scenario="quiet"),
        )
        other = Client(house, stage="other", scenario="default")
        house.swap(edited)
        assert [c.codes for c in (default, mine, own, other)] == [[1012], [1012], [1012], []]
        assert house.drivers["toy", "other"] is other.driver
        assert [key for key in house.drivers if key[1].startswith("~")] == []
        stages = [house.drivers["toy", name].stage for name in ("default", "mine")]
        assert [(s.scenario.title, s.seed) for s in stages] == [("Stillness", 6), ("Stillness", 9)]
        assert Client(house, scenario="quiet").driver.stage.scenario.title == "Stillness"

    inside(work, defaults={"toy": load(path, {"toy": toy})})


def test_a_stage_whose_speed_its_client_chose_keeps_it_when_its_scenario_is_edited(inside, toy, folder):
    async def work(house):
        Client(house, stage="mine", scenario="quiet", speed="30")
        house.swap(load(folder / "quiet.yaml", {"toy": toy}))
        assert house.drivers["toy", "mine"].speed == 30

    inside(work)


def test_what_is_under_way_on_a_swapped_stage_still_arrives(inside, toy, folder):
    path = folder / "slow.yaml"
    path.write_text("scenario: Slow\nprotocol: toy\nnetwork: [{latency: 2s}]\n")

    async def work(house):
        client = Client(house, scenario="slow")
        house.swap(load(path, {"toy": toy}))
        assert client.codes == []
        await asyncio.sleep(3)
        assert client.codes == [1012]
        await asyncio.sleep(100)
        assert client.driver.stage.links  # Nobody has said that it is gone, yet nothing is played there any more.
        assert client.driver._alarm is None

    inside(work)


def test_scenarios_are_played_with_the_houses_own_form_of_their_protocol(toy, folder):
    defective = replace(toy, rules=replace(toy.rules, most=1), deflate=False)
    own_rules = parse("scenario: Limits\nprotocol: toy\nlimits: {most: 7}", Path("own.yaml"), {"toy": toy})

    async def work():
        for scenario, most in [(load(folder / "quiet.yaml", {"toy": toy}), 1), (own_rules, 7)]:
            house = House({"toy": defective}, lambda: 0.0, {"toy": scenario})
            stage = Client(house).driver.stage
            assert stage.protocol is defective
            assert stage.scenario.rules.most == most

    run_virtual(work())


def test_the_facts_of_a_variant_hold_where_a_scenario_says_none(toy, folder):
    variant = replace(toy, facts=replace(toy.facts, word="no"))
    own_facts = parse("scenario: Words\nprotocol: toy\nworld: {word: maybe}", Path("own.yaml"), {"toy": toy})

    async def work():
        for scenario, word in [(load(folder / "quiet.yaml", {"toy": toy}), "no"), (own_facts, "maybe")]:
            house = House({"toy": variant}, lambda: 0.0, {"toy": scenario})
            assert Client(house).driver.stage.world.facts.word == word

    run_virtual(work())
