"""Verifies an evidence bundle with nothing but Python: python3 -I verify.py [DIRECTORY] [--key HEX] [--against "TEXT"]

What the hub itself verifies with, too. The rules, all of them:

- a statement is canonical JSON (sorted keys, no blanks, ASCII) about one message, file, ruling or deed;
- the link before the first is SHA-256("election-hub chain of " + election);
- a link is SHA-256(the link before + SHA-256(statement));
- a part that a statement does not tell in clear stands in it as SHA-256(salt + name + ":" + content), in hexadecimal;
- a head is signed (Ed25519, RFC 8032) over "election-hub head\\nELECTION\\nNUMBER\\nLINK in hexadecimal\\nTIME".
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FEWEST = 4  # groups of four hexadecimal digits that a checkpoint must have: 64 bits


def genesis(election: str) -> bytes:
    return hashlib.sha256(f"election-hub chain of {election}".encode()).digest()


def linked(before: bytes, statement: str) -> bytes:
    return hashlib.sha256(before + hashlib.sha256(statement.encode()).digest()).digest()


def committed(salt: bytes, name: str, content: bytes) -> str:
    return hashlib.sha256(salt + name.encode() + b":" + content).hexdigest()


def head_text(election: str, seq: int, link: bytes, at: str) -> bytes:
    return f"election-hub head\n{election}\n{seq}\n{link.hex()}\n{at}".encode()


@dataclass(frozen=True)
class Checkpoint:
    """A head as it was sent, printed or typed in: a number, the beginning of its link, perhaps time and signature."""

    seq: int
    link: str  # hexadecimal
    at: str = ""
    signature: str = ""

    def __str__(self) -> str:
        groups = " ".join(self.link[at : at + 4] for at in range(0, len(self.link), 4))
        return f"#{self.seq} {self.at} {groups} sig:{self.signature}"


def checkpoint(text: str) -> Checkpoint:
    """Reads one, however much of it was typed. Raises `ValueError`."""
    number = re.search(r"#\s*(\d+)", text)
    words = text[number.end() :].split() if number else []
    link = "".join(word.lower() for word in words if re.fullmatch(r"[0-9a-fA-F]{4}", word))
    if number is None or len(link) < 4 * FEWEST:
        raise ValueError(f"a checkpoint is #NUMBER and at least {FEWEST} groups of four letters: {text!r}")
    at = next((word for word in words if re.fullmatch(r"\d{4}-\d\d-\d\dT[0-9:.+Z-]+", word)), "")
    signature = next((word[4:].lower() for word in words if word.startswith("sig:")), "")
    return Checkpoint(int(number[1]), link, at, signature)


# Ed25519, from RFC 8032, sections 5.1.2 to 5.1.4 and 5.1.7. Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493  # the order of the group
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # of -1
Point = tuple[int, int, int, int]


def _add(a: Point, b: Point) -> Point:
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(factor: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            found = _add(found, point)
        point, factor = _add(point, point), factor >> 1
    return found


def _same(a: Point, b: Point) -> bool:
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def _point(encoded: bytes) -> Point | None:
    y = int.from_bytes(encoded, "little")
    odd, y = y >> 255, y & ((1 << 255) - 1)
    if len(encoded) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if (x * x - square) % P == 0 else x * ROOT % P
    if (x * x - square) % P or (x == 0 and odd):
        return None
    x = P - x if x & 1 != odd else x
    return x, y, 1, x * y % P


_BASE = _point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the Ed25519 signature (64 bytes) is that of the public key (32 bytes) over the message."""
    if len(signature) != 64:
        return False
    a, r, s = _point(key), _point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= Q or _BASE is None:
        return False
    hashed = hashlib.sha512(signature[:32] + key + message).digest()
    return _same(_times(s, _BASE), _add(r, _times(int.from_bytes(hashed, "little") % Q, a)))


class Broken(Exception):
    """The first thing that does not hold."""


def verify(folder: Path, key: bytes, against: str = "") -> dict[str, int]:
    """Counts of what was verified. Raises `Broken`."""
    election = json.loads((folder / "bundle.json").read_text())["election"]
    links = {0: genesis(election)}
    counts = {"entries": 0, "parts": 0, "files": 0, "heads": 0, "checkpoints": 0}
    for line in _lines(folder / "entries.jsonl"):
        seq = line["seq"]
        about = _about(line)
        if seq != len(links) or linked(links[seq - 1], line["statement"]).hex() != line["link"]:
            raise Broken(f"{about}: the chain breaks here")
        links[seq] = bytes.fromhex(line["link"])
        counts["parts"] += _parts(line, about)
        counts["files"] += _file(folder, line, about)
        counts["entries"] += 1
    last = 0
    for head in _lines(folder / "heads.jsonl"):
        last = head["seq"]
        _head(Checkpoint(last, head["link"], head["at"], head["signature"]), links, election, key, "head")
        counts["heads"] += 1
    if last != len(links) - 1:
        raise Broken(f"the last signed head is #{last}, and the chain ends at #{len(links) - 1}")
    told = [anchor["text"] for anchor in _lines(folder / "anchors.jsonl")]
    for text in [*told, against] if against else told:
        _head(checkpoint(text), links, election, key, "checkpoint")
        counts["checkpoints"] += 1
    return counts


def _about(line: dict[str, Any]) -> str:
    statement = json.loads(line["statement"])
    return f"entry #{line['seq']} ({statement['what']} {statement['id']})"


def _parts(line: dict[str, Any], about: str) -> int:
    statement = json.loads(line["statement"])
    for name, part in line["parts"].items():
        content = bytes.fromhex(part["hex"]) if "hex" in part else part["text"].encode()
        if committed(bytes.fromhex(part["salt"]), name, content) != statement[name]:
            raise Broken(f"{about}: its {name} is not what was committed to")
    return len(line["parts"])


def _file(folder: Path, line: dict[str, Any], about: str) -> int:
    statement = json.loads(line["statement"])
    if statement["what"] != "media":
        return 0
    try:
        content = (folder / "media" / statement["sha256"]).read_bytes()
    except FileNotFoundError:
        if line.get("destroyed"):
            return 0
        raise Broken(f"{about}: its file is missing") from None
    if hashlib.sha256(content).hexdigest() != statement["sha256"]:
        raise Broken(f"{about}: its file was changed")
    return 1


def _head(told: Checkpoint, links: dict[int, bytes], election: str, key: bytes, kind: str) -> None:
    if told.seq not in links:
        raise Broken(f"{kind} #{told.seq} is beyond the end of the chain, #{len(links) - 1}: its end was cut off")
    if not links[told.seq].hex().startswith(told.link):
        raise Broken(f"{kind} #{told.seq} is not what the chain gives: it was written anew")
    text = head_text(election, told.seq, links[told.seq], told.at)
    if (kind == "head" or told.signature) and not signed(key, text, bytes.fromhex(told.signature)):
        raise Broken(f"{kind} #{told.seq}: the signature is not of this key")


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def main(arguments: list[str]) -> int:
    options = {"--key": "", "--against": ""}
    folders = []
    while arguments:
        word, *arguments = arguments
        if word in options and arguments:
            options[word], *arguments = arguments
        else:
            folders.append(word)
    folder = Path(folders[0] if folders else ".")
    told = options["--key"] or json.loads((folder / "bundle.json").read_text())["public_key"]
    try:
        counts = verify(folder, bytes.fromhex(told), options["--against"])
    except (Broken, ValueError, KeyError, OSError) as error:
        print(f"BROKEN: {error}")
        return 1
    print(f"SOUND: {', '.join(f'{count} {what}' for what, count in counts.items())}; key {told}")
    if not options["--key"]:
        print("The key is the bundle's own: compare it with the one that was published before.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
