"""The report as JUnit XML."""

from xml.etree import ElementTree

from harness.conformance.report import junit


def parsed(told):
    return ElementTree.fromstring(junit.text(told).encode())


def test_there_is_one_case_for_each_requirement(told):
    told["stale_expected_failures"] = []
    root = parsed(told)
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("5", "1", "3")
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "FAKE-GOOD-01": [],
        "FAKE-BAD-01": ["failure"],
        "FAKE-KNOWN-01": ["skipped"],
        "FAKE-NONE-01": ["skipped"],
        "FAKE-OUT-01": ["skipped"],
    }
    assert "--only FAKE-BAD-01" in root.find(".//failure").text
    assert root.find(".//skipped").get("message") == "expected failure: mended in May"
    assert [s.get("name") for s in root.findall("testsuite")] == ["The run", "Fakes", "Other | things"]


def test_what_concerns_the_run_is_a_suite_of_its_own(told):
    told["broken_checks"] = ["FAKE-BUG-01: has_a_bug"]
    told["exit_code"] = 2
    root = parsed(told)
    run = root.find("testsuite")
    assert (run.get("failures"), run.get("errors")) == ("1", "1")
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("7", "2", "1")
    facts = {each.get("name"): each.get("value") for each in run.iter("property")}
    assert facts["exit_code"] == "2 (could not run, or a check has a bug)"
    assert facts["started_at"] == "2024-01-15T10:30:00Z"
    assert run.find(".//error/..").get("name") == "FAKE-BUG-01: has_a_bug"
    assert run.find(".//failure/..").get("name") == "FAKE-GOOD-01 (passed): take it off the list"


def test_it_is_well_formed_whatever_a_server_says(told):
    told["verdicts"][1]["reason"] = "\x00\x0b\ud800\ufffe<&>"
    assert parsed(told).find(".//testsuite[@name='Fakes']//failure").get("message") == "\ufffd" * 4 + "<&>"
