"""`hub import`, `hub export` and `hub guide` as they are typed."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from hub.cli import cli
from hub.election import configuration
from tests.authoring.conftest import ARVENIA


def hub(*words: object, said: str | None = None) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], input=said)


def test_an_election_goes_out_and_comes_back_and_nothing_has_changed(arvenia: Path, tmp_path: Path) -> None:
    before = {name: (arvenia / name).read_bytes() for name in configuration.files(arvenia)}
    assert hub("export", arvenia, tmp_path / "forms", "--as", "checklist").exit_code == 0
    for kind in ("stations", "observers", "staff"):
        assert hub("export", arvenia, tmp_path / f"{kind}.xlsx", "--as", kind).exit_code == 0
        back = hub("import", arvenia, tmp_path / f"{kind}.xlsx", "--as", kind)
        assert (back.exit_code, back.output.splitlines()[-1]) == (0, f"{kind}.csv: no change")
    for file in sorted((tmp_path / "forms").iterdir()):
        back = hub("import", arvenia, file, "--as", "checklist")
        assert (back.exit_code, back.output) == (0, f"forms/{file.stem}.yaml: no change\n")
    assert {name: (arvenia / name).read_bytes() for name in configuration.files(arvenia)} == before


def test_an_import_is_shown_first_and_written_when_agreed(arvenia: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_text((arvenia / "stations.csv").read_text().replace("voters", "electorat").replace(",900,", ",901,"))
    asked = hub("import", arvenia, sheet, "--as", "stations", said="n\n")
    assert asked.exit_code == 1
    refused = hub("import", arvenia, sheet, "--as", "stations", "--map", "electorat")
    assert "write 'our column=their header'" in refused.output
    words = ("import", arvenia, sheet, "--as", "stations", "--map", "voters=electorat")
    shown = hub(*words, said="n\n")
    assert "electorat → voters" in shown.output
    assert "stations.csv: 1 changed (10001)" in shown.output
    assert configuration.load(arvenia).stations == configuration.load(ARVENIA).stations
    assert hub(*words, "--yes").exit_code == 0
    assert configuration.load(arvenia).stations[0].voters == 901


def test_what_cannot_be_exported_is_said(arvenia: Path, tmp_path: Path) -> None:
    for words, told in (
        ((tmp_path / "x.csv", "--as", "staff"), "end it with .xlsx"),
        ((tmp_path / "x.xlsx", "--as", "checklist", "--form", "QUE"), "there is no QUE to export"),
    ):
        refused = hub("export", arvenia, *words)
        assert refused.exit_code == 1
        assert told in refused.output


def test_a_guide_is_printed_in_every_language(arvenia: Path, tmp_path: Path) -> None:
    assert hub("guide", arvenia, tmp_path / "out", "--html").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["guide-en.html", "guide-fr.html"]
    assert hub("guide", arvenia, tmp_path / "out").exit_code == 0
    assert (tmp_path / "out" / "guide-fr.pdf").read_bytes().startswith(b"%PDF")
