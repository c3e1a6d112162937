"""The tables in docs/benchmark.md, written anew from the results that are kept."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.figures import Figure, kept_results
from bench.whereabouts import Part

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmark.md"

Kept = Mapping[str, Any]


def write_tables(order: Iterable[str]) -> None:
    """Replace what stands between the marks of each table; measurements come in this order."""
    results = kept_results()
    kept = {name: results[name] for name in order if name in results}
    text = DOCUMENT.read_text()
    for name, rows in _TABLES.items():
        begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{rows(kept)}\n{end}{after}"
    DOCUMENT.write_text(text)


def _figures(kept: Kept) -> str:
    rows = ["| figure | goal | result | | command |", "|---|---|---|---|---|"]
    for measured in kept.values():
        when = _when(measured)
        for figure in (Figure(**fields) for fields in measured["figures"]):
            rows.append(row_of(figure, when))
            when = "as above"
    return "\n".join(rows)


def row_of(figure: Figure, when: str) -> str:
    """Return a line of the table."""
    return f"| {figure.name} | {figure.goal} | {figure.result} | {figure.verdict} | {when} |"


def _stages(kept: Kept) -> str:
    if (measured := kept.get("stages")) is None:
        return "Not measured yet: `python -m bench stages`."
    ours, bare = measured["series"]["cutoutd"], measured["series"]["bare loop"]
    all_ms = sum(ours.values())
    rows = ["| part of the way | cutoutd | share | the bare loop |", "|---|---:|---:|---:|"]
    rows += [
        f"| {part} | {ours[part]:.1f} ms | {100 * ours[part] / all_ms:.0f} % | {bare[part]:.1f} ms |" for part in Part
    ]
    rows.append(f"| **together** | **{all_ms:.1f} ms** | | **{sum(bare.values()):.1f} ms** |")
    return "\n".join([f"CPU of each photo, {_when(measured)}:", "", *rows])


def _when(measured: Kept) -> str:
    return f"`{measured['command']}`, {measured['at']} UTC, load {measured['load'][0]} to {measured['load'][1]}"


_TABLES: Mapping[str, Callable[[Kept], str]] = {"figures": _figures, "stages": _stages}
