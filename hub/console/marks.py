"""Where in a text the problems are: the text cut into pieces, each with the numbers of the problems that touch it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hub.checklist.problems import Problem


@dataclass(frozen=True, slots=True)
class Piece:
    """`problems`: places in the list of problems, counted from 1; empty where the text is sound."""

    text: str
    problems: tuple[int, ...] = ()


def pieces(text: str, problems: Sequence[Problem]) -> list[Piece]:
    """The pieces joined are the text. Problems may overlap; one without a place marks nothing."""
    edges = {0, len(text)}
    for problem in problems:
        edges |= {min(problem.start, len(text)), min(problem.end, len(text))}
    ordered = sorted(edges)
    return [
        Piece(text[start:end], tuple(n for n, it in enumerate(problems, 1) if it.start <= start and end <= it.end))
        for start, end in pairwise(ordered)
    ]
