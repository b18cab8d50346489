"""Files that cannot be played: each mistake is told with its line, what was expected, and the nearest right word."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from harness import scenario as package
from harness.core.limits import Rate
from harness.core.world import World
from harness.scenario import library, loading
from harness.scenario.loading import ScenarioError, load, parse, schema
from harness.scenario.misbehave import Corrupt, Drop
from harness.scenario.network import Break, Latency, Narrow
from harness.scenario.scenario import Action
from harness.scenario.values import After, Bandwidth

FULL = """
seed: 7
speed: 2.5
world: {word: oh, size: large, counts: {a: 1}, tags: [x, y], hint: h, extra: [1], is_loud: true, share: 1, think: 300ms}
limits: {asks: 3 per 10s, most: 9, idle: 1m}
steps:
  - when: Ask
    where: {data.text: '(?i)now'}
    times: 2
    reply: [Answer.one, {after: 1s, send: Answer.two, with: {data.n: 5}}]
  - {at: 40s, close: {code: 1012}}
network:
  - {latency: 300ms, jitter: 200ms}
  - {bandwidth: 2000 bytes per 1s}
  - {hang_up: abruptly, after: 12 messages}
misbehave:
  - {drop: Answer, chance: 5%}
  - {corrupt: Answer, with: {data.n: many}}
"""


def test_a_file_says_what_is_played(scenario):
    read = scenario(FULL)
    assert (read.name, read.title, read.seed, read.speed) == ("test", "A test", 7, 2.5)
    assert (read.facts.size, read.facts.tags, read.facts.think_s, read.facts.tick_every_s) == (
        "large",
        ("x", "y"),
        0.3,
        1,
    )
    assert (read.rules.asks, read.rules.most, read.rules.idle_s) == (Rate(3, 10.0), 9, 60.0)
    assert read.steps[0].actions == (Action(send=("Answer", "one")), Action(1.0, ("Answer", "two"), {"data.n": 5}))
    assert (read.steps[0].times, read.steps[1].at_s, read.steps[1].actions) == (2, 40.0, (Action(close=(1012, "")),))
    assert read.network == (
        Latency(0.3, 0.2),
        Narrow(Bandwidth(2000, 1.0)),
        Break("abruptly", After(messages=12)),
    )
    assert read.misbehave == (Drop("Answer", 0.05), Corrupt("Answer", {"data.n": "many"}))


def test_what_a_file_does_not_mention_is_the_protocols_own(scenario, toy):
    read = scenario()
    assert (read.facts, read.rules, read.seed, read.speed, read.steps) == (toy.facts, toy.rules, 1, 1.0, ())


def catalogued():
    """The pairs of text and mistake in `mistakes.txt`."""
    text = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8")
    for entry in text.split("\n\n")[1:]:
        said, told = entry.strip().split("\n")
        yield pytest.param(said, re.escape(told.strip()).replace(r"\.\.\.", ".*"), id=said)


@pytest.mark.parametrize(("text", "mistake"), [*catalogued()])
def test_a_mistake_is_told_with_its_place(mistakes, text, mistake):
    [told] = mistakes(text)
    assert re.fullmatch("test.yaml:3: " + mistake, told), told


def test_all_mistakes_of_a_file_are_told_at_once_from_top_to_bottom(mistakes):
    told = mistakes("""
        sed: 7
        steps:
          - when: Ask
            reply: [Answer.tow, {after: 1, send: Anser}]
          - when: Aks
            where: {data.text: '('}
            reply: []
        world: {word: 5, size: tiny}
    """)
    assert [line.split(":")[1] for line in told] == ["4", "7", "7", "7", "8", "9", "11", "11"]


def test_free_fields_may_be_anything_beneath_an_object_without_named_ones(scenario):
    scenario(
        "steps: [{when: Ask, where: {data.more.deep.down: 1}, reply: [{send: Answer, with: {data.more.deep: 1}}]}]"
    )


def test_a_message_without_examples_may_be_sent_bare(scenario):
    assert scenario("steps: [{when: Ask, reply: [Problem]}]").steps[0].actions == (Action(send=("Problem", None)),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "x.yaml:1: expected a scenario, a mapping with the keys scenario and protocol, found nothing."),
        ("[]", "x.yaml:1: expected a scenario, a mapping .*, found an array."),
        ("scenario: x", "x.yaml:1: protocol: expected a protocol: toy, found nothing."),
        ("scenario: x\nprotocol: [toy]", "x.yaml:2: protocol: expected a protocol: toy, found an array."),
        ("protocol: tyo", "x.yaml:1: protocol: expected a protocol: toy, found 'tyo'. Did you mean 'toy'?"),
        ("protocol: toy", "x.yaml:1: scenario: expected a value, found nothing."),
        ("scenario: [", "x.yaml:2: did not find expected node content"),
        ("scenario: x\nscenario: y", "x.yaml:2: the key 'scenario' is there twice"),
    ],
)
def test_what_is_no_scenario_at_all_is_told_too(toy, text, told):
    with pytest.raises(ScenarioError) as caught:
        parse(text, Path("x.yaml"), {"toy": toy})
    assert re.fullmatch(told.replace("?", r"\?"), str(caught.value)), str(caught.value)


def test_a_file_that_cannot_be_read_is_told_by_its_path(tmp_path, toy):
    (tmp_path / "latin.yaml").write_bytes(b"scenario: caf\xe9")
    for name in ("nowhere.yaml", "latin.yaml"):
        with pytest.raises(ScenarioError, match=f"{name}: expected a YAML file in UTF-8, found none: "):
            load(tmp_path / name, {"toy": toy})


def test_the_published_schema_is_the_one_that_the_grammar_gives():
    published = Path(package.__file__).parent / "schema.json"
    assert json.loads(published.read_text()) == schema(), "ws-harness scenarios schema > harness/scenario/schema.json"


def test_the_published_schema_accepts_every_shipped_scenario_and_is_named_in_it():
    from harness.wire import yaml

    validator = jsonschema.Draft7Validator(schema())
    validator.check_schema(schema())
    for path in sorted(library.shipped().glob("*/*.yaml")):
        assert list(validator.iter_errors(yaml.read(path).value)) == [], path
        first = path.read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=../../harness/scenario/schema.json", path


def test_schema_and_loader_agree_on_what_is_wrong_in_form(monkeypatch, toy, mistakes):
    monkeypatch.setattr(loading, "_all_protocols", lambda: {"toy": toy})
    validator = jsonschema.Draft7Validator(schema())
    good = {"scenario": "x", "protocol": "toy"}
    assert validator.is_valid(good)
    for wrong in [
        {"sed": 7},
        {"speed": 0},
        {"world": {"size": "tiny"}},
        {"limits": {"asks": "often"}},
        {"steps": [{"when": "Ask", "reply": ["Anser"]}]},
        {"steps": [{"at": "30s", "close": {"code": 1006}}]},
        {"network": [{"stall": "1s"}]},
        {"misbehave": [{"drop": "Answer", "chance": 5}]},
    ]:
        assert not validator.is_valid(good | wrong), wrong
        assert mistakes(json.dumps(wrong)[1:-1])


def test_where_no_fact_may_change_a_step_offers_no_world(toy):
    class Fixed(World):
        pass

    fixed = replace(toy, world=Fixed)
    text = "scenario: A test\nprotocol: toy\nsteps: [{at: 1s, world: {word: maybe}}]\n"
    with pytest.raises(ScenarioError, match="one of the keys when, send, close, hang_up, raw, found at, world"):
        parse(text, Path("x.yaml"), {"toy": fixed})
