"""The findings as plain text, for a terminal or a letter: each figure with its margin and the stations behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hub.analysis.bases import Soundness
from hub.analysis.estimates import Estimate
from hub.analysis.reconciliation import Comparison, Total
from hub.analysis.tables import Findings
from hub.election.definition import Election


def as_text(findings: Findings, election: Election) -> str:
    """In the election's default language; `n/a` is not available, never zero."""
    return "\n".join(_lines(findings, election.default_language))


def reconciled_as_text(compared: Sequence[Comparison], totals: Sequence[Total]) -> Iterator[str]:
    """How many stations are equal, each one that is not line by line, and the official figures beside the estimates."""
    states = Counter[str](each.state for each in compared)
    named = {"equal": "equal", "differs": "differ", "not_observed": "not observed", "not_published": "not published"}
    yield f"{len(compared)} stations: " + ", ".join(f"{states[state]} {word}" for state, word in named.items())
    for each in compared:
        for line in each.lines:
            observer, official = (side if side is not None else "-" for side in (line.observer, line.official))
            yield f"station {line.station} {line.code}: observers {observer}, official {official} ({line.kind})"
        for side, broken in zip(("observers", "official"), each.broken, strict=True):
            if broken:
                yield f"station {each.station}: control ratios broken by the {side}: {', '.join(broken)}"
    for total in totals:
        verdict = {True: "agrees", False: "DIFFERS", None: "no margin"}[total.agrees]
        scope = "all stations" if total.whole else f"{total.stations} stations"
        told = f"official {100 * total.official:.2f}% of {scope}, estimate {figure(total.estimate)}"
        yield f"{total.name}: {told}: {verdict}"


def _lines(findings: Findings, language: str) -> Iterator[str]:
    for key, table in findings.tables.items():
        held = "" if table.release.holds else ", NOT TO BE RELEASED"
        behind = f"{table.n} stations{_replaced(table.replaced)}{_sound(table.soundness)}{held}"
        yield f"{key} {table.text[language]} ({behind})"
        for option in table.options:
            yield f"  {option.text[language]:<40.40} {option.count:>5}  {figure(option.estimate)}"
    for turnout in findings.turnout:
        behind = f"{turnout.estimate.n} stations{_replaced(turnout.replaced)}{_sound(turnout.soundness)}"
        yield f"{turnout.name} ({behind}): {figure(turnout.estimate)}"
    for shares in findings.shares:
        yield shares.name
        for part in shares.parts:
            yield f"  {part.name:<40.40} {'':>5}  {figure(part.estimate)}{_replaced(part.replaced)}"
    for each in findings.replacements:
        yield f"station {each.by} stands in for {each.station}: {each.reason}"


def _sound(it: Soundness) -> str:
    told = [
        ("verified", it.verified),
        ("flagged", it.flagged),
        ("disputed", it.disputed),
        ("quarantined", it.quarantined),
    ]
    return "".join(f", {count} {word}" for word, count in told if count)


def _replaced(count: int) -> str:
    return f", {count} of them in place of another" if count else ""


def figure(estimate: Estimate) -> str:
    """`35.5% ±3.0 at 99%`."""
    if estimate.estimate is None:
        return "n/a"
    margin = "n/a" if estimate.margin is None else f"{100 * estimate.margin:.2f}"
    return f"{100 * estimate.estimate:6.2f}% ±{margin} at {100 * estimate.confidence:.0f}%"
