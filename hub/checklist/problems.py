"""What can be wrong with a message. A problem is data; its wording is the election's, in `replies`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from dataclasses import field as also
from typing import Any, Literal

ProblemCode = Literal[
    "unreadable",
    "unknown_form",
    "second_form",
    "unknown_sender",
    "unknown_station",
    "station_out_of_sample",
    "station_not_assigned",
    "station_missing",
    "person_missing",
    "unknown_field",
    "duplicate_field",
    "unknown_option",
    "not_a_number",
    "out_of_range",
    "not_a_time",
    "missing_answers",
    "rule_violated",
    "unknown_category",
    "report_not_due",
    "form_closed",
]
Outcome = Literal["accepted", "partial", "rejected", "duplicate"]


@dataclass(frozen=True, slots=True)
class Problem:
    """`start` and `end` are offsets into the raw text (end exclusive; both 0 where no place can be named).

    `field` is the answer code concerned, `value` what stood there (raw), `suggestion` a raw-text replacement for
    the span that would be sound. `detail` holds what the wording needs: options, min, max, codes, rule.
    """

    code: ProblemCode
    start: int = 0
    end: int = 0
    field: str | None = None
    value: str | None = None
    suggestion: str | None = None
    detail: dict[str, Any] = also(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if value not in (None, {})}
