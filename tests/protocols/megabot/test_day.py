"""Over many seeds, a simulated day, and whatever clients may do: what always holds."""

import itertools
import logging
import random
from collections import Counter, defaultdict

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from harness.core.limits import Rate
from harness.protocols.megabot.errors import CODES

pytestmark = pytest.mark.no_cover  # Measuring makes long plays three times as long; short ones reach the same lines.

TEXTS = (
    "Hello MegaBot!",
    "What is the capital of France?",
    "How do I write a unit test for a parser?",
    "Why does my React hook not rerender?",
    "I like pancakes with syrup",
    "Thanks a lot!",
    "你好,世界",
    "Please review this plan with me. " * 20,
)
CALLS = (
    ("run_tests", {"test_suite": "unit", "verbose": True}),
    ("run_tests", {"test_suite": "nonsense"}),
    ("run_linter", {"path": "src"}),
    ("search_code", {"query": "def "}),
    ("read_file", {"path": "README.md"}),
    ("code_review", None),
    ("build", {}),
    ("deploy", {"environment": "production"}),
    ("make_coffee", {}),
)
DAY_S = 86_400.0


def judge(messages, chats=(), calls=()):
    """What holds for all messages of one connection that was there to their end; `chats`, `calls` are its requests."""
    ids = Counter(m["id"] for m in messages)
    assert max(ids.values(), default=1) == 1
    judge_words(messages)
    times = [m["timestamp"] for m in messages]
    assert times == sorted(times)
    judge_streams(messages, [each["id"] for each in chats])
    judge_tasks(messages)
    judge_tools(messages, [each["id"] for each in calls])


WORDS = {
    "status_update": {"status": {"processing", "completed", "failed"}},
    "tool_result": {"status": {"completed", "failed"}},
    "notification": {"type": {"info", "error"}},
    "chat_receive": {"sender": {"assistant"}, "platform": {"megabot"}},
    "connection_error": {"error": set(CODES)},
}


def judge_words(messages):
    """What the document leaves open to servers, and this one does in one way."""
    for message in messages:
        payload = message["payload"]
        assert type(message["timestamp"]) is int
        assert message["timestamp"] < 10**11  # Seconds.
        for name, words in WORDS.get(message["type"], {}).items():
            assert payload[name] in words
        match message["type"]:
            case "connection_error":
                assert payload["code"] == CODES[payload["error"]]
            case "chat_receive":
                assert payload["timestamp"] == message["timestamp"]
            case "status_update":
                assert payload["status"] != "completed" or payload["progress"] == 1
            case "notification":
                assert payload["action_url"].startswith("/")
            case "tool_result":
                assert isinstance(payload["result"], dict)
                assert ("error" in payload["result"]) == (payload["status"] == "failed")


def judge_streams(messages, chats):
    """Sequences have no gaps, replies do not mingle, wholes are what was streamed; chats are answered in order."""
    spoken = [m for m in messages if m["type"] in ("chat_stream", "chat_receive")]
    replies = [list(each) for _, each in itertools.groupby(spoken, lambda m: m["metadata"]["stream_id"])]
    assert len({each[0]["metadata"]["stream_id"] for each in replies}) == len(replies)
    for *chunks, whole in replies:
        said = [m["payload"] for m in chunks]
        assert [each["sequence"] for each in said] == list(range(1, len(said) + 1))
        assert [each["is_complete"] for each in said] == [False] * (len(said) - 1) + [True]
        assert whole["type"] == "chat_receive"
        assert whole["payload"]["content"] == "".join(each["chunk"] for each in said)
    assert [each[-1]["metadata"]["in_reply_to"] for each in replies] == list(chats)


def judge_tasks(messages):
    """Progress grows, and comes to an end."""
    tasks = defaultdict(list)
    for message in messages:
        if message["type"] == "status_update":
            tasks[message["payload"]["task_id"]].append(message["payload"])
    for updates in tasks.values():
        progress = [each["progress"] for each in updates]
        assert progress == sorted(progress)
        *under_way, last = [each["status"] for each in updates]
        assert set(under_way) == {"processing"}
        assert last in ("completed", "failed")


def judge_tools(messages, calls):
    """Each call has one result and one notification behind it, which say the same."""
    answers = defaultdict(list)
    for message in messages:
        if message["type"] in ("tool_result", "notification") and "metadata" in message:
            answers[message["metadata"]["in_reply_to"]].append(message)
    assert sorted(answers) == sorted(calls)
    for result, notification in answers.values():
        assert (result["type"], notification["type"]) == ("tool_result", "notification")
        has_failed = result["payload"]["status"] == "failed"
        assert notification["payload"]["type"] == ("error" if has_failed else "info")


class Guests:
    """Visitors who chat, call tools and act in workspaces by chance; what they have asked for, and shall be told."""

    def __init__(self, bot, visitors, chance):
        self.bot = bot
        self.visitors = visitors
        self.chance = chance
        self.joined = defaultdict(set)  # By session, since whoever takes it up again has joined already.
        self.forget()

    def forget(self):
        """Begin anew, with nothing asked for."""
        self.chats, self.calls, self.told, self.strayed = (defaultdict(list) for _ in range(4))

    def play(self, seconds, gap_s):
        """Some of them do something, every so often."""
        until = self.bot.now + seconds
        while self.bot.now < until:
            visitor, workspace = self.chance.choice(self.visitors), self.chance.choice("ab")
            match self.chance.choice(("chat", "chat", "call", "join", "act")):
                case "chat":
                    self.chats[visitor].append(visitor.chat(self.chance.choice(TEXTS)))
                case "call":
                    self.calls[visitor].append(visitor.call(*self.chance.choice(CALLS)))
                case "join":
                    visitor.join(workspace)
                    self.joined[visitor.greeting["session_id"]].add(workspace)
                case _:
                    self.act(visitor, workspace)
            self.bot.wait(round(self.chance.expovariate(1 / gap_s), 3))

    def act(self, visitor, workspace):
        """Act where one may, or may not, be a participant."""
        request = visitor.act(workspace, data={"position": self.chance.randrange(100)})
        there = [each for each in self.visitors if workspace in self.joined[each.greeting["session_id"]]]
        if visitor not in there:
            self.strayed[visitor].append(request["id"])
        for each in there if visitor in there else ():
            if each is not visitor:
                self.told[each].append({**request["payload"], "user_id": visitor.greeting["user_id"]})

    def judge(self):
        """What holds for each of them."""
        for visitor in self.visitors:
            judge(visitor.messages(), self.chats[visitor], self.calls[visitor])
            actions = [m["payload"] for m in visitor.messages("collaborative_action")]
            assert actions == self.told[visitor]
            errors = visitor.messages("connection_error")
            assert {m["payload"]["error"] for m in errors} <= {"not_a_participant"}
            assert [m["metadata"]["in_reply_to"] for m in errors] == self.strayed[visitor]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_seed_all_is_answered_and_adds_up(bot_of, seed):
    bot = bot_of(seed=seed, facts={"notifications": Rate(1, 20.0)})
    guests = Guests(bot, [bot.visit({"user_id": f"user_{n}"}) for n in range(3)], random.Random(seed))
    guests.play(seconds=120.0, gap_s=3.0)
    bot.wait(600.0)
    guests.judge()
    assert bot.world.streams == {}


@pytest.mark.slow
def test_a_day_of_chats_tools_and_workspaces(bot_of):
    bot = bot_of(facts={"notifications": Rate(1, 600.0)})
    chance = random.Random(11)
    guests = Guests(bot, [bot.visit() for _ in range(5)], chance)
    while bot.now < DAY_S:
        guests.play(seconds=3600.0, gap_s=10.0)
        bot.wait(300.0)
        guests.judge()
        guests.forget()
        # One of them goes, and comes back to its session, or too late for it.
        gone = guests.visitors.pop(0)
        gone.leave()
        absent_s = chance.choice((60.0, 1700.0, 1900.0))
        bot.wait(absent_s)
        guests.visitors.append(bot.visit({"session_id": gone.greeting["session_id"]}))
        assert (guests.visitors[-1].greeting == gone.greeting) == (absent_s < 1800)
        for visitor in guests.visitors:
            visitor.log.clear()
    assert len(bot.world.sessions.by_id) <= 6


# Whatever clients may do -------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KINDS = st.sampled_from(
    ["chat_send", "tool_call", "session_join", "collaborative_action", "batch", "chat_receive", "", "nonsense"]
)
NAMES = st.sampled_from(["content", "session_id", "action", "tool_name", "execution_id", "parameters", "messages", "x"])
MESSAGES = st.fixed_dictionaries(
    {"id": st.just("m1") | JSON, "type": KINDS | JSON, "payload": st.dictionaries(NAMES, JSON, max_size=4) | JSON},
    optional={"timestamp": JSON, "metadata": JSON},
)
TOOLS = st.sampled_from([*(name for name, _ in CALLS), "x" * 300])
PARAMETERS = st.dictionaries(
    st.sampled_from(["test_suite", "verbose", "path", "query", "max_results", "start_line", "end_line", "environment"]),
    st.sampled_from(["unit", "src", "README.md", "def", "", 1, 3, -1, True, None, []]),
    max_size=4,
)


class Noticed(logging.Handler):
    """Keeps what the mock logs of its own failures."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.records = []

    def emit(self, record):
        self.records.append(record.getMessage())


class Clients(RuleBasedStateMachine):
    """Up to four clients that do anything. All that the mock may ever answer is valid, and it never fails itself."""

    def __init__(self, bot_of, failures):
        super().__init__()
        self.bot = bot_of(facts={"think_s": 0.1, "chunk_every_s": 0.02, "reply_words": 5})
        self.failures = failures
        failures.clear()  # Of the machine before.
        self.visitors = [self.bot.visit()]
        self.all = list(self.visitors)

    def visitor(self, number):
        return self.visitors[number % len(self.visitors)]

    @rule(wanted=st.sampled_from([None, "", "sess_1001", "sess_1002"]), token=st.sampled_from([None, "nonsense"]))
    def connect(self, wanted, token):
        """Someone comes, in place of the first of four."""
        query = {name: value for name, value in (("session_id", wanted), ("token", token)) if value is not None}
        if len(self.visitors) == 4:
            self.visitors.pop(0).leave()
        self.visitors.append(self.bot.visit(query))
        self.all.append(self.visitors[-1])

    @rule(number=st.integers(0, 3), text=st.sampled_from([*TEXTS, "x" * 10_001]) | st.text(min_size=1, max_size=50))
    def chat(self, number, text):
        """A chat, perhaps one that is too long."""
        self.visitor(number).chat(text)

    @rule(number=st.integers(0, 3), tool=TOOLS, parameters=PARAMETERS)
    def call(self, number, tool, parameters):
        """A tool, with parameters that may make no sense."""
        self.visitor(number).call(tool, parameters)

    @rule(number=st.integers(0, 3), workspace=st.sampled_from(["a", "b", "sess_1001"]), joins=st.booleans())
    def collaborate(self, number, workspace, joins):
        """Joining, or acting with or without having joined."""
        visitor = self.visitor(number)
        visitor.join(workspace) if joins else visitor.act(workspace)

    def refuses_once(self, number, say):
        """Say something that is no message: it gets one error, unless the client has been turned away."""
        visitor = self.visitor(number)
        before = len(visitor.messages())
        say(visitor)
        news = [message["type"] for message in visitor.messages()[before:]]
        assert news == [] if visitor.ends else news == ["connection_error"]

    @rule(number=st.integers(0, 3), message=MESSAGES | JSON)
    def say_anything(self, number, message):
        """Some JSON."""
        if isinstance(message, dict) and self.bot.stage.shapes.is_valid(message, "client"):
            self.visitor(number).say(message)
        else:
            self.refuses_once(number, lambda visitor: visitor.say(message))

    @rule(number=st.integers(0, 3), messages=st.lists(MESSAGES | JSON, max_size=4))
    def batch(self, number, messages):
        """A batch of anything."""
        self.visitor(number).tell("batch", {"messages": messages})

    @rule(number=st.integers(0, 3), data=st.binary(max_size=20))
    def say_bytes(self, number, data):
        """Bytes that are no JSON object: none is that short and has all that a message needs."""
        self.refuses_once(number, lambda visitor: visitor.say_raw(data))

    @rule(seconds=st.sampled_from([0.0, 0.1, 1.0, 30.0, 1900.0]))
    def wait(self, seconds):
        """Time passes."""
        self.bot.wait(seconds)

    @rule(changes=st.sampled_from([{"failing_tools": ("build",)}, {"reply_words": 3}, {"notifications": Rate(1, 5.0)}]))
    def turn(self, changes):
        """The world changes."""
        self.bot.world.change(changes, self.bot.now)

    def teardown(self):
        """All that was asked for has been answered; whoever has left, was sent no nonsense either."""
        self.bot.world.change({"notifications": Rate(0, 1.0)}, self.bot.now)
        self.bot.wait(600.0)
        assert self.failures == []
        assert self.bot.world.streams == {}
        for visitor in self.all:
            assert set(visitor.ends) <= {1008}
            judge_words(visitor.messages())
        for visitor in self.visitors:
            judge_tasks(visitor.messages())
            replies = visitor.messages("chat_receive")
            judge_streams(visitor.messages(), [m["metadata"]["in_reply_to"] for m in replies])


def test_whatever_clients_do_the_answers_are_those_that_are_documented(bot_of):
    noticed = Noticed()
    logging.getLogger("harness").addHandler(noticed)
    try:
        run_state_machine_as_test(
            lambda: Clients(bot_of, noticed.records),
            settings=settings(max_examples=150, stateful_step_count=30, deadline=None),
        )
    finally:
        logging.getLogger("harness").removeHandler(noticed)
