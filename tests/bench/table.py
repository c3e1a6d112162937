"""The table in README.md, written anew from the results that are kept."""

from pathlib import Path

from bench.figures import Figure, kept_results

README = Path(__file__).parent / "README.md"
_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


def write_table() -> None:
    """Replace what stands between the two marks."""
    text = README.read_text()
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    README.write_text(f"{before}{_BEGIN}\n{_rows()}\n{_END}{after}")


def _rows() -> str:
    rows = ["| figure | goal | result | | command |", "|---|---|---|---|---|"]
    for kept in kept_results().values():
        when = f"`{kept['command']}`, {kept['at']} UTC, load {kept['load'][0]} to {kept['load'][1]}"
        for figure in (Figure(**fields) for fields in kept["figures"]):
            rows.append(f"| {figure.name} | {figure.goal} | {figure.result} | {figure.verdict} | {when} |")
            when = "as above"
    return "\n".join(rows)
