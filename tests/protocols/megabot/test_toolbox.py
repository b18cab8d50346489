"""What each tool finds: figures that agree with each other, with the text beside them and with the project."""

import random

import pytest
from faker import Faker

from harness.protocols.megabot import toolbox
from harness.protocols.megabot.project import new_project
from harness.protocols.megabot.toolbox import Job, ToolError

PROJECTS = [new_project(random.Random(seed), Faker("en_US")) for seed in range(3)]
SEEDS = range(60)


def job(seed=1, **parameters):
    return Job(parameters, PROJECTS[seed % 3], random.Random(seed), duration_s=2.3)


def outcomes(tool, **parameters):
    """What the tool finds, and the words when it fails, with many seeds."""
    found, failed = [], []
    for seed in SEEDS:
        try:
            found.append((tool(job(seed, **parameters)), PROJECTS[seed % 3]))
        except ToolError as error:
            failed.append(str(error))
    return found, failed


def refusal(tool, **parameters):
    with pytest.raises(ToolError) as refused:
        tool(job(**parameters))
    return str(refused.value)


@pytest.mark.parametrize("suite", ["unit", "integration", "e2e", "all"])
def test_passed_and_failed_are_all_tests_of_the_suite(suite):
    found, failed = outcomes(toolbox.run_tests, test_suite=suite, verbose=True)
    assert failed == []
    for each, project in found:
        tests = project.tests("" if suite == "all" else suite)
        result, *lines = each.result, *each.output.split("\n")
        assert result["passed"] + result["failed"] == len(tests)
        assert result["test_suite"] == suite
        assert sum(line.endswith(" PASSED") for line in lines) == result["passed"]
        assert [line[:-7] for line in lines if line.endswith(" FAILED")] == [
            t for t in tests if t in result.get("failures", ())
        ]
        if not result["failed"]:
            assert lines[-1] == "All tests passed successfully"
            assert "failures" not in result
        else:
            assert lines[-1] == f"{result['failed']} of {len(tests)} tests failed: {', '.join(result['failures'])}"
            assert each.notice == ("1 test failed" if result["failed"] == 1 else "2 tests failed")
    assert 0 < sum(each.result["failed"] > 0 for each, _ in found) < len(found) / 2


def test_without_verbose_there_is_one_line():
    found, _ = outcomes(toolbox.run_tests, test_suite="unit")
    assert all("\n" not in each.output for each, _ in found)
    assert all(each.result["duration"] == 2.3 for each, _ in found)


def test_without_a_suite_all_tests_are_run():
    assert toolbox.run_tests(job()).result["test_suite"] == "all"


def test_an_unknown_suite_is_told_with_the_known_ones():
    assert refusal(toolbox.run_tests, test_suite="units") == (
        "There is no test suite 'units'; use one of unit, integration, e2e, all"
    )


def test_the_linter_says_what_is_wrong_in_the_files():
    found, _ = outcomes(toolbox.run_linter)
    for each, project in found:
        result = each.result
        assert result["errors"] + result["warnings"] == len(result["issues"])
        assert result["files_checked"] == len(project.files) - 1
        errors, warnings = (
            f"{n} {word}{'s' * (n != 1)}" for word in ("error", "warning") for n in [result[f"{word}s"]]
        )
        assert each.output.endswith(f"{result['files_checked']} files checked: {errors}, {warnings}")
        for issue in result["issues"]:
            line = project.files[issue["file"]][issue["line"] - 1]
            match issue["rule"]:
                case "E501":
                    assert len(line) > 79
                case "W291":
                    assert line.endswith(" ")
                case "F401":
                    assert line.startswith("import ")
            assert f"{issue['file']}:{issue['line']}: {issue['rule']}" in each.output
    assert {issue["rule"] for each, _ in found for issue in each.result["issues"]} == {"E501", "W291", "F401"}


def test_an_import_that_is_used_is_no_issue():
    assert list(toolbox._issues("a.py", ["import os", "os.getcwd()"])) == []


def test_the_linter_looks_at_a_path_only():
    assert toolbox.run_linter(job(path="src")).result["files_checked"] == 6
    assert toolbox.run_linter(job(path="README.md")).result["files_checked"] == 0


def test_a_search_finds_every_line_and_shows_as_many_as_asked_for():
    project = PROJECTS[1]
    found = toolbox.search_code(job(query="DEF ", max_results=3)).result
    everywhere = [(f, n) for f, lines in project.files.items() for n, line in enumerate(lines, 1) if "def " in line]
    assert found["total"] == len(everywhere)
    assert [(m["file"], m["line"]) for m in found["matches"]] == everywhere[:3]
    assert all(project.files[m["file"]][m["line"] - 1] == m["text"] for m in found["matches"])


def test_a_search_says_how_much_it_found():
    assert toolbox.search_code(job(query="no such words")).output == "0 matches"
    assert toolbox.search_code(job(query="def ", path="tests/e2e")).output.endswith("\n3 matches")
    assert toolbox.search_code(job(query="# ", path="README.md")).output.endswith("\n1 match")
    assert toolbox.search_code(job(query="def ", max_results=1)).output.endswith("matches, 1 of them shown")


def test_a_file_is_read_as_it_is():
    lines = PROJECTS[1].files["README.md"]
    whole = toolbox.read_file(job(path="README.md"))
    assert whole.result["content"].split("\n") == list(lines)
    part = toolbox.read_file(job(path="README.md", start_line=3, end_line=4))
    assert part.result["content"] == f"{lines[2]}\n{lines[3]}"
    assert part.output == f"README.md, lines 3 to 4 of {len(lines)}"


def test_a_review_remarks_on_what_functions_return():
    found, _ = outcomes(toolbox.code_review)
    for each, project in found:
        comments = each.result["comments"]
        assert 1 <= len(comments) <= 4
        assert all(project.files[c["file"]][c["line"] - 1].startswith("    return") for c in comments)
        assert each.result["issues"] == sum(c["kind"] == "issue" for c in comments)
        assert each.result["verdict"] == ("changes_requested" if each.result["issues"] else "approved")
        assert each.output.count("\n") == len(comments)
    assert {each.result["verdict"] for each, _ in found} == {"changes_requested", "approved"}


def test_a_review_of_what_has_no_functions_approves_it():
    assert toolbox.code_review(job(path="README.md")).result["comments"] == []


def test_a_build_adds_up_and_sometimes_fails():
    found, failed = outcomes(toolbox.build, target="web")
    for each, project in found:
        assert each.result["total_bytes"] == sum(a["bytes"] for a in each.result["artifacts"])
        assert (each.result["target"], each.result["version"]) == ("web", project.version)
        assert f"{each.result['total_bytes']} bytes, in 2.3 s" in each.output
    assert failed
    assert all(text.startswith("The build has failed: src/") for text in failed)


def test_a_deployment_has_healthy_instances_or_is_rolled_back():
    found, failed = outcomes(toolbox.deploy, environment="production", version="2.0.0")
    for each, _ in found:
        assert each.result["healthy"] == each.result["instances"]
        assert (each.result["environment"], each.result["version"]) == ("production", "2.0.0")
        assert each.output.startswith("Version 2.0.0 runs on production")
    assert failed
    assert all(text.endswith("production was rolled back") for text in failed)


def test_a_deployment_goes_to_staging_in_the_version_of_the_project():
    found, _ = outcomes(toolbox.deploy)
    assert all((e.result["environment"], e.result["version"]) == ("staging", p.version) for e, p in found)


@pytest.mark.parametrize(
    ("tool", "parameters", "said"),
    [
        (toolbox.run_tests, {"test_suite": 5}, "test_suite: expected a text, found something else"),
        (toolbox.search_code, {}, "query: expected a text, found nothing"),
        (toolbox.search_code, {"query": ""}, "query: expected a text that is not empty"),
        (toolbox.search_code, {"query": "x", "max_results": 0}, "max_results: expected a whole number from 1 to 100"),
        (
            toolbox.search_code,
            {"query": "x", "max_results": True},
            "max_results: expected a whole number from 1 to 100",
        ),
        (toolbox.search_code, {"query": "x", "max_results": 1.5}, "max_results: expected a whole number from 1 to 100"),
        (toolbox.read_file, {}, "path: expected a text, found nothing"),
        (toolbox.read_file, {"path": "readme.md"}, "There is no file 'readme.md'; did you mean README.md?"),
        (
            toolbox.read_file,
            {"path": "README.md", "start_line": 11},
            "start_line: expected a whole number from 1 to 10",
        ),
        (toolbox.read_file, {"path": "README.md", "start_line": 4, "end_line": 3}, "end_line: expected a whole number"),
        (toolbox.run_linter, {"path": "?"}, "There is no file '?'; there are README.md, src/"),
        (toolbox.code_review, {"path": []}, "path: expected a text, found something else"),
        (toolbox.deploy, {"environment": "prod"}, "There is no environment 'prod'; use one of development, staging"),
    ],
)
def test_parameters_that_no_tool_understands_are_told(tool, parameters, said):
    assert refusal(tool, **parameters).startswith(said)
