"""Values that are made thousands of times a second. This room is here for speed alone.

A frozen dataclass sets its fields one by one through `object.__setattr__`, which takes seven times as long. These are
frozen where it counts: the type checker lets nobody change one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(made: type[T]) -> type[T]:
    """As `@dataclass(frozen=True, slots=True)`."""
    return dataclass(slots=True, unsafe_hash=True)(made)
