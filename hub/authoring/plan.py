"""What an upload would change in an election's directory: shown first, judged whole, then one file replaced or none."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.authoring.sheets import Complaint
from hub.election import configuration, placing
from hub.election.findings import Finding, few

# Copies of rosters hold telephone numbers: where the machine can, they never reach a disk.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a directory of one's own is made inside
Check = Callable[[Path], tuple[Finding, ...]]
Addresses = Callable[[Finding], str | None]  # the cell of the upload that a finding is about


class Moved(Exception):
    """The directory changed since the plan was made; plan again."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is added, changed or removed: codes of stations, people, or a form's questions and rules."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    def __str__(self) -> str:
        kinds = (("added", self.added), ("changed", self.changed), ("removed", self.removed))
        return ", ".join(f"{len(codes)} {kind} ({few(codes)})" for kind, codes in kinds if codes) or "no change"


NO_CHANGE = Changes()


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was understood. `content`: what `file` of the directory would hold, None where it could not be
    told. `taken`: their header or sheet → ours; `left_out`: theirs that is not taken; `kept`: ours that they lack,
    which stays as it is."""

    file: str
    content: bytes | None = None
    changes: Changes = NO_CHANGE
    taken: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    complaints: tuple[Complaint, ...] = ()
    address: Addresses = lambda _: None


@dataclass(frozen=True, slots=True)
class Plan:
    """An upload that was judged with the whole configuration. With complaints it cannot be carried out; `warnings`
    are what the configuration is doubtful about because of it, `before` what the file holds now."""

    upload: Upload
    before: bytes | None
    complaints: tuple[Complaint, ...] = ()
    warnings: tuple[Complaint, ...] = ()

    @property
    def changes(self) -> Changes:
        return self.upload.changes

    def __str__(self) -> str:
        upload = self.upload
        lines = [f"{theirs} → {ours}" for theirs, ours in (upload.taken or {}).items()]
        lines += [f"not taken: {', '.join(upload.left_out)}"] if upload.left_out else []
        lines += [f"not in the file, kept as it is: {', '.join(upload.kept)}"] if upload.kept else []
        lines += upload.notes
        lines += [f"warning: {warning}" for warning in self.warnings]
        lines += [str(complaint) for complaint in self.complaints]
        if self.complaints:
            return "\n".join([*lines, "nothing will be written"])
        return "\n".join([*lines, f"{upload.file}: {upload.changes}"])


def plan(directory: Path, upload: Upload, check: Check = configuration.check) -> Plan:
    """Judges the directory as it would be. What was wrong before, elsewhere, does not stand in the way."""
    if upload.complaints or upload.content is None:
        return Plan(upload, None, upload.complaints)
    before = placing.held(directory / upload.file)
    old = set(map(_apart_from_line, check(directory)))
    found = _trial(directory, upload, check)
    news = [finding for finding in found if _apart_from_line(finding) not in old]
    own = [each for each in found if each.severity == "error" and each.file == upload.file]
    # What the rows that could not be taken leave behind elsewhere is no news.
    errors = own or [each for each in news if each.severity == "error"]
    warnings = [] if own else [each for each in news if each.severity == "warning"]
    return Plan(upload, before, _told(errors, upload), (*_told(warnings, upload), *_lost(upload, before)))


def carry_out(directory: Path, agreed: Plan) -> None:
    """Replaces the file at once. Raises `Moved` where it is not what the plan was made from."""
    content = agreed.upload.content
    if agreed.complaints or content is None:
        raise ValueError("a plan with complaints is not carried out")
    if placing.held(directory / agreed.upload.file) != agreed.before:
        raise Moved(f"{agreed.upload.file} was changed meanwhile; nothing was written")
    if agreed.changes:
        placing.place(directory, {agreed.upload.file: content})


def _trial(directory: Path, upload: Upload, check: Check) -> tuple[Finding, ...]:
    """The findings of a copy with the file in its place."""
    with tempfile.TemporaryDirectory(prefix="hub-import-", dir=SCRATCH) as trial:
        for name in configuration.files(directory):
            (Path(trial) / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(directory / name, Path(trial) / name)
        placing.place(Path(trial), {upload.file: upload.content or b""})
        return check(Path(trial))


def _lost(upload: Upload, before: bytes | None) -> list[Complaint]:
    """A workbook has no place for what people wrote behind # in a form's file."""
    if upload.file.endswith(".yaml") and upload.changes and re.search(rb"(?m)(?:^|\s)# ", before or b""):
        return [Complaint(upload.file, "the remarks behind # in this file will be gone", "keep a copy of it")]
    return []


def _apart_from_line(finding: Finding) -> tuple[str, str, str]:
    return finding.file, finding.message, finding.severity


def _told(findings: list[Finding], upload: Upload) -> tuple[Complaint, ...]:
    """By cell where the upload has one for it, by file and line otherwise."""

    def cell(line: re.Match[str]) -> str:
        return upload.address(Finding(upload.file, int(line[1]), "", "")) or line[0]

    lines = re.compile(re.escape(upload.file) + r":([0-9]+)")
    return tuple(
        Complaint(upload.address(finding) or finding.place, lines.sub(cell, finding.message), finding.fix)
        for finding in findings
    )
