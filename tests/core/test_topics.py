from __future__ import annotations

from harness.core.topics import Topics


class Reader:
    """A listener that writes down what it hears."""

    def __init__(self, also=lambda: None):
        self.heard = []
        self.also = also

    def notice(self, topic, event, now):
        self.heard.append((topic, event, now))
        self.also()


def test_only_listeners_of_the_topic_are_told():
    topics, apple, google = Topics(), Reader(), Reader()
    topics.listen("quotes/AAPL", apple)
    topics.listen("quotes/GOOGL", google)
    topics.publish("quotes/AAPL", 225.1, 3.0)
    assert apple.heard == [("quotes/AAPL", 225.1, 3.0)]
    assert google.heard == []


def test_listening_twice_is_listening_once():
    topics, reader = Topics(), Reader()
    topics.listen("orders", reader)
    topics.listen("orders", reader)
    topics.publish("orders", "new", 0.0)
    assert len(reader.heard) == 1


def test_listeners_are_told_in_the_order_in_which_they_came():
    topics, order = Topics(), []
    for name in ("first", "second", "third"):
        topics.listen("orders", Reader(lambda name=name: order.append(name)))
    topics.publish("orders", "new", 0.0)
    assert order == ["first", "second", "third"]


def test_who_left_is_told_no_more():
    topics, gone, there = Topics(), Reader(), Reader()
    topics.listen("orders", gone)
    topics.listen("orders", there)
    topics.leave("orders", gone)
    topics.publish("orders", "new", 0.0)
    assert (len(gone.heard), len(there.heard)) == (0, 1)


def test_leaving_what_one_never_heard_changes_nothing():
    topics, reader = Topics(), Reader()
    topics.leave("orders", reader)
    topics.listen("orders", reader)
    topics.leave("orders", Reader())
    assert topics.wanted("orders")


def test_leaving_all_leaves_every_topic():
    topics, reader = Topics(), Reader()
    for topic in ("orders", "quotes/AAPL"):
        topics.listen(topic, reader)
    topics.leave_all(reader)
    assert not topics.wanted("orders")
    assert not topics.wanted("quotes/AAPL")


def test_a_topic_is_wanted_while_someone_listens():
    topics, reader = Topics(), Reader()
    assert not topics.wanted("orders")
    topics.listen("orders", reader)
    assert topics.wanted("orders")


def test_one_may_leave_while_being_told():
    topics = Topics()
    leaver = Reader(lambda: topics.leave_all(leaver))
    after = Reader()
    topics.listen("orders", leaver)
    topics.listen("orders", after)
    topics.publish("orders", 1, 0.0)
    topics.publish("orders", 2, 0.0)
    assert (len(leaver.heard), len(after.heard)) == (1, 2)
