"""`hub draw`: the sample into the files, and drawn again from them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hub.cli import cli
from hub.cli.terminal import Refusal
from hub.election import configuration
from hub.sample import marking

ARVENIA = Path(__file__).parents[1] / "elections" / "arvenia"


@pytest.fixture
def arvenia(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ARVENIA, tmp_path / "arvenia"))


def hub(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words))


def sampled(directory: Path) -> list[str]:
    return [station.code for station in configuration.load_frame(directory) if station.sampled]


def test_a_draw_that_is_only_looked_at_writes_nothing(arvenia: Path) -> None:
    before = (arvenia / "stations.csv").read_bytes()
    shown = hub("draw", str(arvenia), "--n", "6", "--seed", "1")
    assert shown.exit_code == 0
    assert "urban: 3 of 6" in shown.stdout
    assert (arvenia / "stations.csv").read_bytes() == before
    assert not (arvenia / "sample.yaml").exists()


def test_a_written_draw_marks_its_stations_keeps_all_else_and_can_be_drawn_again(arvenia: Path) -> None:
    before = (arvenia / "stations.csv").read_text("utf-8").splitlines()
    assert hub("draw", str(arvenia), "--n", "6", "--seed", "1", "--write", "--yes").exit_code == 0
    after = (arvenia / "stations.csv").read_text("utf-8").splitlines()
    assert [line.rpartition(",")[0] for line in after] == [line.rpartition(",")[0] for line in before]
    assert len(sampled(arvenia)) == 6
    again = hub("draw", str(arvenia), "--check")
    assert (again.exit_code, again.stdout.splitlines()[-1]) == (0, "the sample is as drawn")
    sample = configuration.load_sample(arvenia)
    assert (sample.n, sample.seed, sample.order) == (6, 1, ("stratum", "district", "station"))


def test_a_mark_moved_by_hand_is_found(arvenia: Path) -> None:
    marking.mark(arvenia, ["10001", "20001", "10004", "20004"], 4, 1)
    found = hub("draw", str(arvenia), "--check")
    assert found.exit_code == 1
    assert "the sample is NOT as drawn" in found.stdout


def test_another_sample_is_replaced_only_when_somebody_says_so(arvenia: Path) -> None:
    before = sampled(arvenia)
    assert hub("draw", str(arvenia), "--n", "6", "--seed", "1", "--write").exit_code == 1
    assert sampled(arvenia) == before


def test_line_ends_and_byte_order_marks_stay_as_they_were(arvenia: Path) -> None:
    path = arvenia / "stations.csv"
    path.write_bytes("\ufeff".encode() + path.read_bytes().replace(b"\n", b"\r\n"))
    marking.mark(arvenia, ["10001"], 1, 1)
    written = path.read_bytes()
    assert written.startswith("\ufeffstation,".encode())
    assert written.count(b"\r\n") == written.count(b"\n") == 13
    assert sampled(arvenia) == ["10001"]


def test_a_write_that_breaks_off_leaves_both_files_as_they_were(arvenia: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (arvenia / "stations.csv").read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        marking.mark(arvenia, ["10001"], 1, 1)
    assert (arvenia / "stations.csv").read_bytes() == before
    assert not (arvenia / "sample.yaml").exists()


def test_more_stations_than_there_are_cannot_be_drawn(arvenia: Path) -> None:
    refused = hub("draw", str(arvenia), "--n", "13", "--seed", "1")
    assert isinstance(refused.exception, Refusal)


def test_the_sample_belongs_to_the_election_and_another_size_is_warned_of(arvenia: Path) -> None:
    (arvenia / "sample.yaml").write_text("n: 5\nseed: 3\n", "utf-8")
    loaded = configuration.load(arvenia)
    assert loaded.election.sample is not None
    assert [warning.message for warning in loaded.warnings] == [
        "4 stations are sampled, but sample.yaml says that 5 were drawn"
    ]
    (arvenia / "sample.yaml").write_text("n: five\nseed: 3\n", "utf-8")
    found = configuration.check(arvenia)
    assert [(it.file, it.line) for it in found] == [("sample.yaml", 1)]
