"""`ws-harness serve`: from options to a mock that runs until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import secrets
import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.core.protocol import Protocol
from harness.scenario.house import House
from harness.scenario.library import Library
from harness.scenario.loading import ScenarioError
from harness.scenario.scenario import Scenario
from harness.server import banner, logs
from harness.server.admin import Guard, is_loopback
from harness.server.app import Server
from harness.server.lines import Keeper
from harness.server.options import Options, UsageError
from harness.server.recording import Recordings
from harness.server.vitals import vitals
from harness.server.watch import watch

if TYPE_CHECKING:
    from harness.server.publishing import Publisher

STOP_WITHIN_S = 1.0
FLUSH_WITHIN_S = 0.5  # After the connections are closed.
COULD_NOT_RUN = 2  # The exit status.
# So many more objects made than freed, and Python looks for cycles of them that nobody uses: those of connections that
# are over. Its own 700 would have it look each few messages, for a quarter of the time.
LOOK_FOR_CYCLES_AFTER = 50_000


def serve(options: Options) -> int:
    """Serve until SIGINT or SIGTERM; the exit status is given back."""
    try:
        logs.set_up(options.level())
        served, library = options.served(), options.library()
        defaults = options.defaults(served, library)
        publisher = _publisher(options)
    except (UsageError, ScenarioError) as error:
        banner.complain(str(error))
        return COULD_NOT_RUN
    play = _Play(options, guard_of(options), served, library, defaults, publisher)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(play.run())


def list_defects(options: Options) -> int:
    """Print the defects of the protocols; the exit status is given back."""
    return _list(options, banner.list_defects)


def list_variants(options: Options) -> int:
    """Print the variants of the protocols; the exit status is given back."""
    return _list(options, banner.list_variants)


def _list(options: Options, show: Callable[[Iterable[str]], None]) -> int:
    try:
        show(options.served())
    except UsageError as error:
        banner.complain(str(error))
        return COULD_NOT_RUN
    return 0


@dataclass(frozen=True)
class _Play:
    options: Options
    guard: Guard
    served: dict[str, Protocol]
    library: Library
    defaults: dict[str, Scenario]
    publisher: Publisher | None

    async def run(self) -> int:
        if self.publisher is None:
            return await self._serve()
        try:
            await self.publisher.start()
            return await self._serve()
        except UsageError as error:
            banner.complain(str(error))
            return COULD_NOT_RUN
        finally:
            await self.publisher.stop(FLUSH_WITHIN_S)

    async def _serve(self) -> int:
        options = self.options
        house = House(self.served, time.time, self.defaults, self.library, vitals)
        recordings = Recordings(options.record) if options.record else None
        keepers: list[Keeper] = [each for each in (recordings, self.publisher) if each is not None]
        server = Server(house, self.guard, keepers)
        stopped = _stop_signal()
        await server.start()
        try:
            ports = await _listen(server, options)
            if not ports:
                return COULD_NOT_RUN
            banner.show(house, options.host, ports, self.guard)
            _spare_the_collector()
            watching = asyncio.create_task(self._watch(house))
            await stopped.wait()
            watching.cancel()
        finally:
            await server.stop(STOP_WITHIN_S)
        return 0

    async def _watch(self, house: House) -> None:
        if self.options.watch:
            given = [scenario.path for scenario in self.defaults.values() if scenario.path is not None]
            await watch(house, self.library, given, self.options.adjusted)


def _spare_the_collector() -> None:
    """Let Python's garbage collector pass over what was loaded at the start, since that stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(LOOK_FOR_CYCLES_AFTER, 10, 10)


def _publisher(options: Options) -> Publisher | None:
    if options.publish is None:
        return None
    try:
        from harness.server.publishing import Publisher
    except ModuleNotFoundError as error:
        raise UsageError(
            "--publish needs the package redis, which is not installed: pip install 'ws-harness[redis]'"
        ) from error
    return Publisher(options.publish)


async def _listen(server: Server, options: Options) -> list[int]:
    ports = []
    for port in options.ports:
        try:
            ports.append(await server.listen(options.host, port))
        except OSError as error:
            why = "it is taken" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
            banner.complain(f"Cannot listen at {options.host} port {port}: {why}.")
    if not ports:
        banner.complain("No port is left to serve at. Give a free one: --port 8001 (or --port 0 for any).")
    return ports


def guard_of(options: Options) -> Guard:
    """Who may control this mock: with a token made up here, when others can reach it and none was given."""
    here = is_loopback(options.host)
    return Guard(options.token or (None if here else secrets.token_urlsafe(18)), open_here=here)


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        # Where a loop knows no signals (Windows), Ctrl+C still ends the program.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    return stopped


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # Windows has none.
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
