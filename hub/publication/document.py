"""A document as it is set on paper: what stands in it, in order, whatever writes it."""

from __future__ import annotations

from dataclasses import dataclass

from hub.tabulation import Table


@dataclass(frozen=True, slots=True)
class Heading:
    level: int  # 1 is a chapter
    words: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """`title` is what is said where the drawing cannot be seen."""

    title: str
    svg: str


Block = Heading | Paragraph | Table | Drawing


@dataclass(frozen=True, slots=True)
class Document:
    """`page` says where one is, with {page} and {pages}."""

    title: str
    election: str
    as_of: str
    language: str
    page: str
    blocks: tuple[Block, ...]
