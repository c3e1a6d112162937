"""The shrinking of a failing story: events are left out as long as it still fails in the same way."""

import re
from collections.abc import Callable
from dataclasses import replace

from simulation.run import Verdict
from simulation.story import Story

Run = Callable[[Story], Verdict]


def shrink(story: Story, run: Run, tell: Callable[[str], None] = lambda _: None) -> tuple[Story, Verdict]:
    """Return a shorter story that fails in the same way, and its verdict; a story that passes stays as it is."""
    verdict = run(story)
    if not verdict.faults:
        return story, verdict
    kind = _kind_of(verdict)
    part = max(1, len(story.events) // 2)
    while True:
        story, verdict, is_shorter = _without_parts(story, verdict, part, lambda each: _fails_so(run, each, kind))
        tell(f"{len(story.events)} events, parts of {part}")
        if part == 1 and not is_shorter:
            return story, verdict
        part = max(1, part // 2)


def _without_parts(
    story: Story, verdict: Verdict, part: int, attempt: Callable[[Story], Verdict | None]
) -> tuple[Story, Verdict, bool]:
    """Leave out each run of so many events in turn; True: at least one could be left out."""
    start, is_shorter = 0, False
    while start < len(story.events):
        shorter = replace(story, events=story.events[:start] + story.events[start + part :])
        found = attempt(shorter)
        if found is None:
            start += part
        else:
            story, verdict, is_shorter = shorter, found, True
    return story, verdict, is_shorter


def _fails_so(run: Run, story: Story, kind: str) -> Verdict | None:
    verdict = run(story)
    return verdict if verdict.faults and _kind_of(verdict) == kind else None


def _kind_of(verdict: Verdict) -> str:
    """Return the first fault without its names and numbers."""
    return re.sub(r"\S*[/\d]\S*", "#", verdict.faults[0].rpartition("\n")[2] or verdict.faults[0])
