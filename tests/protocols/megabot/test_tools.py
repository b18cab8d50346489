"""Calls of tools: as pure runs, and as clients see them."""

import random

import pytest
from faker import Faker

from harness.protocols.megabot.project import new_project
from harness.protocols.megabot.tools import TOOLS, Job, run

PROJECT = new_project(random.Random(1), Faker("en_US"))
GOOD = {"search_code": {"query": "def"}, "read_file": {"path": "README.md"}}


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("seed", range(20))
def test_every_run_ends_as_its_last_step_says(name, seed):
    went = run(name, Job(GOOD.get(name, {}), PROJECT, random.Random(seed)))
    progress = [step.progress for step in (*went.steps, went.last_step)]
    assert progress == sorted(progress)
    assert went.steps
    assert went.duration_s > 0
    if went.status == "completed":
        assert went.last_step.progress == 1.0
        assert len(went.steps) == len(TOOLS[name].steps)
    else:
        assert went.result["error"] == went.output == went.last_step.text
        assert went.last_step.progress < 1


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_that_must_fail_says_its_own_trouble(name):
    went = run(name, Job(GOOD.get(name, {}), PROJECT, random.Random(1), must_fail=True))
    assert (went.status, went.output) == ("failed", TOOLS[name].trouble)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("run_test", "Unknown tool 'run_test'; did you mean run_tests?"),
        ("make_coffee", "Unknown tool 'make_coffee'; use one of run_tests, run_linter, search_code"),
    ],
)
def test_an_unknown_tool_fails_without_any_step(name, said):
    went = run(name, Job({}, PROJECT, random.Random(1)))
    assert (went.status, went.steps) == ("failed", ())
    assert went.output.startswith(said)
    assert went.result == {"error": went.output}


# As clients see it -------------------------------------------------------------------------------


def test_the_sample_call_is_answered_by_progress_a_result_and_a_notification(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    request = visitor.call("run_tests", {"test_suite": "unit", "verbose": True}, "exec_456")
    bot.wait(10.0)
    updates = visitor.messages("status_update")
    assert [(u["payload"]["status"], u["payload"]["progress"]) for u in updates] == [
        ("processing", 0.25),
        ("processing", 0.5),
        ("processing", 0.75),
        ("completed", 1.0),
    ]
    assert {u["payload"]["task_id"] for u in updates} == {"task_1001"}
    assert [m["type"] for m in visitor.messages()[-2:]] == ["tool_result", "notification"]
    result, notification = visitor.take("tool_result"), visitor.take("notification")
    assert result["payload"]["execution_id"] == "exec_456"
    assert result["payload"]["status"] == "completed"
    assert {"passed", "failed", "duration"} <= set(result["payload"]["result"])
    assert notification["payload"]["type"] == "info"
    assert notification["payload"]["action_url"] == "/executions/exec_456"
    assert {m["metadata"]["in_reply_to"] for m in (*updates, result, notification)} == {request["id"]}


def test_a_run_takes_as_long_as_its_result_says(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    bot.wait(1.0)
    visitor.call("run_tests")
    bot.wait(10.0)
    (at,) = visitor.times("tool_result")
    assert at - 1.0 == pytest.approx(visitor.take("tool_result")["payload"]["result"]["duration"])


def test_an_unknown_tool_gets_a_failed_result_and_no_progress(bot_of):
    visitor = bot_of().visit()
    visitor.call("make_coffee")
    assert [m["type"] for m in visitor.messages()] == ["tool_result", "notification"]
    assert visitor.take()["payload"]["status"] == "failed"
    assert visitor.take()["payload"]["type"] == "error"


def test_a_scenario_lets_a_tool_fail_and_work_again(bot_of):
    bot = bot_of(facts={"failing_tools": ("deploy",)})
    visitor = bot.visit()
    visitor.call("deploy")
    bot.wait(20.0)
    result = visitor.take("tool_result")["payload"]
    assert (result["status"], result["output"]) == ("failed", "The deployment target does not answer")
    assert visitor.messages("status_update")[-1]["payload"]["status"] == "failed"
    assert visitor.take("notification")["payload"]["type"] == "error"
    bot.world.change({"failing_tools": ()}, bot.now)
    visitor.call("read_file", {"path": "README.md"})
    bot.wait(20.0)
    assert visitor.take("tool_result")["payload"]["status"] == "completed"


def test_the_same_execution_id_twice_is_run_twice(bot_of):
    bot = bot_of()
    visitor = bot.visit()
    requests = [visitor.call("read_file", {"path": "README.md"}, "e 1/ä") for _ in range(2)]
    bot.wait(5.0)
    results = visitor.messages("tool_result")
    assert {m["metadata"]["in_reply_to"] for m in results} == {r["id"] for r in requests}
    assert {m["payload"]["execution_id"] for m in results} == {"e 1/ä"}
    assert visitor.take("notification")["payload"]["action_url"] == "/executions/e%201%2F%C3%A4"


def test_what_one_tool_says_another_confirms(bot_of):
    bot = bot_of()
    visitor, other = bot.visit(), bot.visit()
    visitor.call("search_code", {"query": "def "})
    bot.wait(5.0)
    match = visitor.take("tool_result")["payload"]["result"]["matches"][0]
    other.call("read_file", {"path": match["file"], "start_line": match["line"], "end_line": match["line"]})
    bot.wait(5.0)
    assert other.take("tool_result")["payload"]["result"]["content"] == match["text"]
