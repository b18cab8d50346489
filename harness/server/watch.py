"""`--watch`: an edited scenario file is swapped in, and its clients are told by close 1012."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import watchfiles

from harness.scenario.house import House
from harness.scenario.library import Library
from harness.scenario.loading import ScenarioError, load
from harness.scenario.scenario import Scenario

log = logging.getLogger("harness.server")

SETTLE_MS = 100  # Several writes within this time are one edit.


async def watch(
    house: House, library: Library, given: Sequence[Path], adjusted: Callable[[Scenario], Scenario]
) -> None:
    """Swap in every file that changes and that the house may play, until cancelled.

    `given` are the files of the default stages; `adjusted` makes of a scenario the one that those play.
    """

    async def look(folders: Iterable[Path], recursive: bool) -> None:
        async for changes in watchfiles.awatch(*folders, step=SETTLE_MS, recursive=recursive):
            for path in sorted({Path(name) for _, name in changes} & _playable(house, library, given)):
                _swap(house, path, adjusted if path in given else lambda scenario: scenario)

    places = [place for place in library.places if place.is_dir()]
    # A file is watched through its folder: most editors put a new file in the place of the old one.
    folders = {path.parent for path in given}
    log.info("watching %s", ", ".join(str(path) for path in (*places, *given)))
    try:
        async with asyncio.TaskGroup() as group:
            for watched, recursive in ((places, True), (folders, False)):
                if watched:
                    group.create_task(look(watched, recursive))
    except* (OSError, RuntimeError) as errors:
        log.warning("edited scenarios are not noticed: %s", errors.exceptions[0])


def _playable(house: House, library: Library, given: Sequence[Path]) -> set[Path]:
    return {*given, *(path for name in house.protocols for path in library.files(name).values())}


def _swap(house: House, path: Path, adjusted: Callable[[Scenario], Scenario]) -> None:
    try:
        scenario = load(path, house.protocols)
    except ScenarioError as error:
        log.warning("%s stays as it was before the edit, because now it cannot be played:\n%s", path.name, error)
        return
    house.swap(adjusted(scenario))
    log.info("%s was edited: this is what is played now", path.name)
