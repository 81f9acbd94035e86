"""The pieces between a report's head and its comment: codes with values, codes alone, and what is neither."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from hub.checklist.lexicon import FormLexicon, Lexicon
from hub.checklist.values import Value, digits

Kind = Literal["value", "confirm", "text", "lone", "junk", "stray"]


@dataclass(slots=True)
class Piece:
    """One piece in the folded text: `start` is its code's place, `at` its value's. `letters`: a number without a
    single digit, as in `Bl`. `read` is None where there is nothing to read. `swallowed`: told with its neighbour."""

    kind: Kind
    code: str
    start: int
    at: int
    end: int
    gap: str = ""
    read: Value | None = None
    letters: bool = False
    swallowed: bool = False


@dataclass(slots=True)
class Scan:
    """The pieces in order, the station's numbers as they stand, and where another form's code ended the reading."""

    pieces: list[Piece] = field(default_factory=list)
    stations: list[tuple[int, int]] = field(default_factory=list)
    second: tuple[str, int, int] | None = None


def scan(lexicon: Lexicon, form: FormLexicon, text: str, at: int, end: int) -> Scan:
    """Reads `text[at:end]`, which begins behind the form's code. The form's code again is the text sent twice."""
    found = Scan()
    begin: int | None = at
    while begin is not None:
        begin = _read_station(lexicon, form, text, begin, end, found)
        begin = _read_pieces(lexicon, form, text, begin, end, found)
    return found


def _read_station(lexicon: Lexicon, form: FormLexicon, text: str, at: int, end: int, found: Scan) -> int:
    match = form.station.match(text, at, end)
    if match is None:
        return at
    runs = list(_RUN.finditer(text, match.start("station"), match.end()))
    if match["station"].isalpha() and len(runs[0][0]) not in lexicon.station_lengths:
        return at  # a word like ILL
    read = [runs[0]]
    if len(runs[0][0]) in lexicon.station_lengths:
        # What follows a station is another one only if it is as long: ARR 5191 08:15 names one station.
        for run in runs[1:]:
            if len(run[0]) not in lexicon.station_lengths:
                break
            read.append(run)
    else:
        read = runs
    found.stations.append((read[0].start(), read[-1].end()))
    return read[-1].end()


_RUN = re.compile(r"[0-9OIL]+")


def _read_pieces(lexicon: Lexicon, form: FormLexicon, text: str, at: int, end: int, found: Scan) -> int | None:
    """Reads up to the end, or to a form's code; then the place behind it, if it is the same form's."""
    pieces, readers = found.pieces, form.readers
    for match in form.pieces.finditer(text, at, end):
        kind = match.lastgroup
        if kind == "fast":
            code, gap, value = match.group("code", "gap", "fast")
            start, stop = match.span()
            pieces.append(Piece("value", code, start, stop - len(value), stop, gap, readers[code](value)))
            continue
        head = match if kind == "form" else lexicon.head.match(text, match.start(), end) if kind == "junk" else None
        if head is None:
            pieces.append(_piece(form, match))
        elif (code := lexicon.form_named(head["form"])) == form.form.code:
            return head.end("form")
        else:
            found.second = (code or "", head.start("form"), head.end("form"))
            return None
    return None


def _piece(form: FormLexicon, match: re.Match[str]) -> Piece:
    start, end = match.span()
    match match.lastgroup:
        case "numbers":
            code, text = match["code2"], match["numbers"]
            letters = not any(char.isdecimal() for char in text)
            read = form.readers[code](digits(text))
            return Piece("value", code, start, match.start("numbers"), end, match["gap2"], read, letters)
        case "word":
            code = match["code2"]
            read = form.readers[code](" ".join(_WORD.findall(match["word"])))
            return Piece("value", code, start, match.start("word"), end, match["gap2"], read)
        case "confirm":
            return Piece("confirm", match["confirm"], start, end, end, read=Value("1"))
        case "text":
            return Piece("text", match["text_code"], start, match.start("text"), end, read=Value(match["text"]))
        case "lone":
            return Piece("lone", match["lone"], start, start, end)
        case "stray":
            return Piece("stray", "", start, start, end)
    return Piece("junk", "", start, start, end, letters=not any(char.isdecimal() for char in match[0]))


_WORD = re.compile(r"[^ .,:%№-]+")
