"""The report as a page, read as a browser reads it; `test_chromium.py` looks at it in one."""

import re
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from harness.conformance.report import html
from harness.pages import TEMPLATES

VOID = {"meta", "link", "input", "rect"}


class Page(HTMLParser):
    """Elements as (name, attributes), and the text in each element with an id; refuses what is not well nested."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.ids = [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append((tag, dict(attributes).get("id")))
        for name, value in attributes:
            if name == "id":
                assert value not in self.ids, f"two elements are called {value}"
                self.ids[value] = ""

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for _, id_ in self.open:
            if id_:
                self.ids[id_] += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def words(text):
    return " ".join(text.split())


def test_every_requirement_is_there_with_verdict_observations_and_reason(told):
    shown = Page(html.text([told]))
    items = {each["id"]: each for each in shown.all("article")}
    assert {id_: each["data-verdict"] for id_, each in items.items()} == {
        "FAKE-GOOD-01": "passed",
        "FAKE-BAD-01": "failed",
        "FAKE-KNOWN-01": "expected-failure",
        "FAKE-NONE-01": "not-observed",
        "FAKE-OUT-01": "excluded",
    }
    assert items["FAKE-OUT-01"]["data-level"] == "MAY"
    assert "seen kept once" in words(shown.ids["FAKE-GOOD-01"])
    assert "Expected to fail: mended in May" in words(shown.ids["FAKE-KNOWN-01"])
    assert "nothing that it speaks of was seen" in shown.ids["FAKE-NONE-01"]
    assert "it cannot be seen" in shown.ids["FAKE-OUT-01"]


def test_a_failure_has_its_conversation_with_the_message_in_question_and_the_command(told):
    text = html.text([told])
    failed = words(Page(text).ids["FAKE-BAD-01"])
    assert re.search(r"Expected a Bye.*Found the message in question, below", failed)
    assert re.search(r"0\.00\d s → sent Hello", failed)
    assert re.search(r"0\.00\d s ← received Hello in question", failed)
    assert '"type": "Hello"' in failed
    assert "ws-harness check fake ws://fake/ --only FAKE-BAD-01" in failed
    assert len(re.findall(r'<li class="frame server marked">\s*<details open>', text)) >= 1


def test_what_was_found_is_told_where_no_message_holds_it(told):
    failure = told["verdicts"][1]["failures"][0]
    failure["found"] = "something else"
    assert "Found something else" in words(Page(html.text([told])).ids["FAKE-BAD-01"])
    failure |= {"conversation": None, "excerpt": ["! as lines"]}
    assert "! as lines" in Page(html.text([told])).ids["FAKE-BAD-01"]


def test_nothing_that_a_server_says_becomes_markup(told, evil, token):
    for verdict in told["verdicts"]:
        verdict |= dict.fromkeys(("text", "section", "rerun"), evil)
        verdict["expected_failure"] = verdict["expected_failure"] and evil
    told |= {"protocol": evil, "target": evil, "broken_checks": [evil], "version": evil}
    text = html.text([told])
    shown = Page(text)
    assert len(shown.all("script")) == 1
    assert text.count("<script>") == 1
    assert "<script>document.title = 'taken'</script>" in shown.ids["FAKE-BAD-01"]
    assert token not in text


def test_the_page_asks_for_nothing_and_runs_nothing_but_its_own(told):
    text = html.text([told])
    shown = Page(text)
    assert not {"src", "srcset", "style", "onclick"} & {name for _, attributes in shown.elements for name in attributes}
    assert {each["href"][:1] for each in shown.all("a")} == {"#"}
    assert [each["href"][:5] for each in shown.all("link")] == ["data:"]
    (policy,) = [each["content"] for each in shown.all("meta") if "http-equiv" in each]
    assert re.fullmatch(r"default-src 'none'; img-src data:; style-src 'sha256-\S+'; script-src 'sha256-\S+'", policy)
    assert not re.search(r"url\(|@import", (TEMPLATES / "page.css").read_text())


def test_every_link_leads_somewhere_and_every_place_is_one(told):
    other = {**told, "target": "ws://elsewhere/"}
    shown = Page(html.text([told, other]))
    targets = {each["href"][1:] for each in shown.all("a")}
    assert targets <= shown.ids.keys()
    assert {"FAKE-BAD-01", "FAKE-BAD-01-fake-2", "fake", "fake-2", "fake-fakes", "fake-2-fakes"} <= shown.ids.keys()


def test_several_reports_have_a_score_each(told):
    kept = {
        **told,
        "protocol": "other",
        "exit_code": 0,
        "verdicts": told["verdicts"][:1],
        "stale_expected_failures": [],
    }
    text = html.text([told, kept])
    assert "<title>Violated: 2 reports" in text
    assert text.index("Score by protocol") < text.index("Score by level") < text.index("Score by section")
    shown = Page(text)
    assert "Kept" in shown.ids["other"]
    assert "Stale in the list of expected failures: FAKE-GOOD-01" in words(shown.ids["fake"])
    assert [o["value"] for o in shown.all("option")] == [
        *("", "fake", "other"),
        *("", "fake/Fakes", "fake/Other | things", "other/Fakes"),
    ]


@pytest.mark.parametrize(
    ("code", "headline", "meaning"),
    [
        (0, "Kept", "kept"),
        (1, "Violated", "violated, or an entry"),
        (2, "A check has a bug", "could not run"),
        (3, "Not observed", "nothing violated, but a MUST"),
    ],
)
def test_the_headline_is_what_the_exit_code_means(code, headline, meaning, told):
    told["exit_code"] = code
    text = html.text([told])
    assert f"<title>{headline}: fake" in text
    assert f"Exit code {code}: {meaning}" in text


def test_a_report_of_nothing_and_one_of_an_older_version_are_shown(told):
    for later in ("schema", "version", "started_at", "summary"):
        del told[later]
    del told["verdicts"][1]["failures"][0]["conversation"]
    assert "FAKE-BAD-01" in html.text([told])
    assert "No requirement was asked for." in words(html.text([{**told, "verdicts": []}]))


@pytest.mark.parametrize(
    "words",
    ['{"a": [1.5e3, true, null, "b\\"<c"], "d:": {}}', '"<b>"', "not json <i>", "", "[[[["],
)
def test_colours_change_no_letter(words):
    assert "".join(re.split(r"<[^>]*>", html.coloured(words))) == str(escape(words))


@pytest.mark.parametrize("text", ["[1]", "nonsense", "[" * 5000, '{"a":' * 5000, "{}"])
def test_a_frame_that_holds_no_message_is_shown_as_it_came(text, told):
    frame = told["verdicts"][1]["failures"][0]["conversation"]["frames"][1]
    frame["text"] = text
    assert text[:10] in Page(html.text([told])).ids["FAKE-BAD-01"]


def test_a_message_that_would_grow_beyond_measure_is_not_indented(told):
    frame = told["verdicts"][1]["failures"][0]["conversation"]["frames"][1]
    frame["text"] = '{"a":' + "[" * 300 + "]" * 300 + "}"
    assert "[" * 300 in Page(html.text([told])).ids["FAKE-BAD-01"]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one, other):
    """The ratio of WCAG 2.2, 1.4.3."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


PAIR = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
COLOURS = {name: colours for name, *colours in PAIR.findall((TEMPLATES / "page.css").read_text())}
GROUNDS = [name for name in COLOURS if name.startswith("ground")]
TEXTS = [name for name in COLOURS if name.startswith("text")]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_text_stands_out_from_every_ground(theme):
    assert (len(GROUNDS), len(TEXTS)) == (4, 10)
    pairs = {
        (text, ground): contrast(COLOURS[text][theme], COLOURS[ground][theme]) for text in TEXTS for ground in GROUNDS
    }
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < 4.5} == {}
    # The edges of buttons and fields: WCAG 2.2, 1.4.11.
    edges = {ground: contrast(COLOURS["edge"][theme], COLOURS[ground][theme]) for ground in GROUNDS[:2]}
    assert {ground: round(ratio, 2) for ground, ratio in edges.items() if ratio < 3} == {}
