"""What makes Locust a load test with targets: our options before it, our verdict after it.

The hooks are the same whether Locust runs alone, as a master or as a worker.
"""

from __future__ import annotations

import importlib
import inspect
import ipaddress
import socket
import sys
import time
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent
import locust
from locust import argument_parser
from locust.runners import MasterRunner, WorkerRunner

from harness import protocols
from harness.load import collector, document, page, sources
from harness.load.behaviour import Behaviour, Lost, behaviours_in
from harness.load.client import NotConnected
from harness.load.dial import without_secrets
from harness.load.gauge import Gauge
from harness.load.handover import hand_over
from harness.load.profiles import PROFILES
from harness.load.report import Generator, Report, Run, progress, show
from harness.load.seats import tokens_in
from harness.load.sources import Sources
from harness.load.targets import Miss, Pace, Plan, Row, read
from harness.load.user import SocketUser

MET, MISSED, COULD_NOT_RUN = 0, 1, 2  # Exit codes.


def users_of(protocol: str) -> list[type[SocketUser]]:
    """The load users of a protocol, for Locust. LookupError when there is no such protocol."""
    protocols.load(protocol)
    module = importlib.import_module(f"harness.protocols.{protocol}.users")
    return [_user_of(behaviour) for behaviour in behaviours_in(module)]


def _user_of(behaviour: type[Behaviour]) -> type[SocketUser]:
    members = {"BEHAVIOUR": behaviour, "abstract": False, "weight": behaviour.WEIGHT}
    return type(behaviour.__name__, (SocketUser,), members)


def install(users: list[type[SocketUser]]) -> None:
    """Give Locust the options, the measuring and the judging of these users."""
    hooks = _Hooks(users)
    # A worker asks for it some fifty times whenever users are added, and holds up those it has for 0.2 s with that.
    vars(argument_parser)["default_args_dict"] = cache(argument_parser.default_args_dict)
    events: Any = locust.events
    events.init_command_line_parser.add_listener(_options)
    events.init.add_listener(hooks.init)
    events.test_start.add_listener(hooks.test_start)
    events.spawning_complete.add_listener(hooks.spawning_complete)
    events.test_stop.add_listener(hooks.test_stop)
    events.quitting.add_listener(hooks.quitting)
    events.report_to_master.add_listener(hooks.report_to_master)
    events.worker_report.add_listener(hooks.worker_report)


def fail(text: str) -> None:
    """End the process: the test could not run."""
    print(text, file=sys.stderr)
    sys.exit(COULD_NOT_RUN)


class _Hooks:
    def __init__(self, users: list[type[SocketUser]]) -> None:
        self.users = users
        self.gauge = Gauge()
        self.plan = Plan({}, ())
        self.sources = Sources()
        self.resets = False  # Locust's --reset-stats: what is measured counts only once all users are there.
        self.ticker: gevent.Greenlet | None = None

    def init(self, environment: Any, **_: Any) -> None:
        """Before anything: read the files, and see whether anybody answers."""
        options = environment.parsed_options
        sources.raise_open_files()
        inspect.stack()  # Locust does it when a run ends, and the first time takes 50 ms, in which no sample is right.
        hub = gevent.get_hub()
        hub.NOT_ERROR = (*hub.NOT_ERROR, KeyboardInterrupt)  # Ctrl+C ends a run in good order: gevent need not tell.
        try:
            self.sources = Sources(options.source)
        except ValueError as error:
            fail(str(error))
        if isinstance(environment.runner, WorkerRunner):
            return  # Its master has looked, and sends along what it has read.
        try:
            self.plan = read(Path(options.targets or self.users[0].BEHAVIOUR.TARGETS), self.paces(), list(self.rows()))
            options.harness_tokens = tokens_in(Path(options.tokens)) if options.tokens else []
        except ValueError as error:
            fail(str(error))
        for option, file in {"--report": options.report, "--json": options.report_json}.items():
            if file and (not Path(file).absolute().parent.is_dir() or Path(file).is_dir()):
                fail(f"{option} {file}: expected a file in a folder that exists")
        # The command line may name some of the users only; the file has targets for all.
        all_rows, self.users = self.rows(), [user for user in self.users if user in environment.user_classes]
        self.plan = self.plan.without(all_rows.keys() - self.rows().keys())
        if environment.host and not is_this_machine(environment.host):
            self.plan = self.plan.without(self.one_clock_rows())
        options.harness_paces = dict(self.plan.paces)
        if not environment.host:
            fail("no server is named: say --host ws://127.0.0.1:8000/artifact/v1, or the like")
        self.furnish(environment)
        self.knock(environment)

    def rows(self) -> dict[str, str]:
        """The rows of all users, with their meanings."""
        return {name: meaning for user in self.users for name, meaning in user.BEHAVIOUR.ROWS.items()}

    def paces(self) -> dict[str, Pace]:
        """The paces of all users."""
        return {name: pace for user in self.users for name, pace in user.BEHAVIOUR.PACES.items()}

    def one_clock_rows(self) -> set[str]:
        """The rows that only one machine's clock can measure."""
        return {name for user in self.users for name in user.BEHAVIOUR.ONE_CLOCK_ROWS}

    def knock(self, environment: Any) -> None:
        """See whether the server lets every kind of user in."""
        troubles, welcome = [], []
        for user in self.users:
            try:
                user(environment).knock()
                welcome.append(user.__name__)
            except (NotConnected, Lost) as error:
                troubles.append(str(error))
        if troubles:
            hint = f" To load it without, name the other users after --: {' '.join(welcome)}" if welcome else ""
            fail(f"{troubles[0]}. Is the server running, and are the path and the credentials (--tokens) right?{hint}")

    def furnish(self, environment: Any) -> None:
        """Give the users what they need."""
        options = environment.parsed_options
        collector.calm()
        self.resets = bool(environment.reset_stats)
        self.gauge = Gauge(partial(hand_over, environment.stats))
        for user in self.users:
            user.gauge = self.gauge
            user.sources = self.sources
            user.deflate = options.deflate
            user.paces = options.harness_paces
            user.tokens = options.harness_tokens
            user.same_clock = is_this_machine(str(environment.host))

    def test_start(self, environment: Any, **_: Any) -> None:
        """In every process: users can come."""
        self.furnish(environment)
        if not isinstance(environment.runner, MasterRunner):
            self.gauge.watch()
        if sys.stderr.isatty() and not isinstance(environment.runner, WorkerRunner):
            self.ticker = gevent.spawn(_tick, environment)

    def spawning_complete(self, **_: Any) -> None:
        """All users are there: what they consist of need not be looked through for garbage again and again."""
        collector.calm()
        if self.resets:
            self.gauge.forget()

    def test_stop(self, **_: Any) -> None:
        """The users have gone."""
        self.gauge.stop()
        if self.ticker is not None:
            self.ticker.kill()
            print(file=sys.stderr)

    def report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        """On a worker, with every report."""
        data["harness"] = self.gauge.report()

    def worker_report(self, data: dict[str, Any], **_: Any) -> None:
        """On the master."""
        self.gauge.merge(data["harness"])

    def quitting(self, environment: Any, **_: Any) -> None:
        """At the end: judge, show, and choose the exit code."""
        if isinstance(environment.runner, WorkerRunner):
            return
        rows = {name: self.row(environment.stats, name) for name in self.rows()}
        rows = {name: row for name, row in rows.items() if row.count or row.intended}
        misses = self.plan.misses(rows)
        code = MISSED if misses else MET
        if not any(row.count > row.failures for row in rows.values()):
            code = COULD_NOT_RUN
        report = self.report(environment, list(rows.values()), misses, code)
        show(report)
        environment.process_exit_code = code if keep(report, environment.parsed_options) else COULD_NOT_RUN

    def report(self, environment: Any, rows: list[Row], misses: list[Miss], code: int) -> Report:
        """What is shown at the end."""
        stats, options = environment.stats, environment.parsed_options
        doubts = [self.gauge.complaint()]
        if self.one_clock_rows() and not is_this_machine(environment.host):
            left_out = ", ".join(sorted(self.one_clock_rows()))
            doubts.append(f"The server is on another machine, and two clocks tell no delay: not measured: {left_out}")
        url = without_secrets(environment.host)
        return Report(
            Run(options.protocol, url, options.num_users, stats.start_time, _lasted_s(stats), code),
            rows,
            self.rows(),
            self.plan,
            misses,
            [(e.occurrences, e.name, str(e.error)) for e in stats.errors.values()],
            [doubt for doubt in doubts if doubt],
            Generator(self.gauge.cpu, *self.gauge.lag.at(50, 99, 100)),
            self.gauge.timeline,
        )

    def row(self, stats: Any, name: str) -> Row:
        """What was measured under this name."""
        figure, times = self.gauge.figures.row(name), self.gauge.figures.row(name).times
        lasted_s, served_s = _lasted_s(stats), self.gauge.figures.served_s
        return Row(
            name,
            figure.count,
            figure.failures,
            figure.count / lasted_s if lasted_s else 0.0,
            self.gauge.figures.intended[name],
            *times.at(50, 90, 95, 99, 99.9, 100),
            bytes=figure.size,
            user_s=sum(served_s.get(user.__name__, 0.0) for user in self.users if name in user.BEHAVIOUR.ROWS),
        )


def keep(report: Report, options: Any) -> bool:
    """Write the reports that are wanted; whether they could be written."""
    kept = True
    for file, write in ((options.report, page.write), (options.report_json, document.write)):
        try:
            if file:
                write(report, Path(file))
        except OSError as error:
            print(f"{file}: cannot be written: {error.strerror}", file=sys.stderr)
            kept = False
    return kept


def _lasted_s(stats: Any) -> float:
    """From the start to the last sample."""
    return float((stats.last_request_timestamp or stats.start_time) - stats.start_time)


def is_this_machine(url: str) -> bool:
    """Whether the server's clock is ours: its address is a loopback one."""
    host = urlsplit(url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(ipaddress.ip_address(address[4][0]).is_loopback for address in found)


def _tick(environment: Any) -> None:
    """Say once a second how far the run is."""
    began_s = time.perf_counter()
    while True:
        total = environment.stats.total
        text = progress(
            time.perf_counter() - began_s, environment.runner.user_count, total.current_rps, total.num_failures
        )
        print(f"\r{text}", end="", file=sys.stderr, flush=True)
        gevent.sleep(1.0)


def _options(parser: Any) -> None:
    group = parser.add_argument_group("ws-harness")
    group.add_argument("--protocol", env_var="WS_HARNESS_PROTOCOL", help="Whose users to be.")
    group.add_argument("--targets", default="", metavar="FILE", help="Paces and targets (TOML).")
    group.add_argument("--tokens", default="", metavar="FILE", help="Credentials of the server's users, one a line.")
    group.add_argument("--report", default="", metavar="FILE", help="Keep one page of HTML about the run.")
    # Not --json, which is Locust's own.
    group.add_argument("--report-json", default="", metavar="FILE", help="Keep the same as JSON.")
    group.add_argument("--source", action="append", default=[], metavar="ADDRESS", help="Connect from it; repeatable.")
    group.add_argument("--shape", choices=list(PROFILES), default="steady", help="How many users come and go, when.")
    group.add_argument("--steps", type=int, default=10, help="Of a ramp: how many.")
    group.add_argument("--base", type=float, default=0.1, help="Of a spike: the share of users that is always there.")
    group.add_argument("--deflate", action="store_true", help="Offer permessage-deflate.")
