from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import cli
from hub.cli.terminal import Refusal

ARVENIA = Path(__file__).parent / "elections" / "arvenia"
KYRGYZSTAN = Path(__file__).parent.parent / "config" / "kyrgyzstan-2021"
NOISY = KYRGYZSTAN / "day" / "noisy.jsonl"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("HUB_DATABASE_URL", f"sqlite:///{tmp_path}/hub.db")
    monkeypatch.setenv("HUB_SECRET_KEY", "s" * 40)
    return CliRunner()


def test_check_is_content_with_both_elections(hub: CliRunner) -> None:
    for election in (ARVENIA, KYRGYZSTAN):
        assert hub.invoke(cli, ["check", str(election)]).exit_code == 0


def test_check_names_the_file_and_line_of_what_is_wrong(hub: CliRunner, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(ARVENIA, tmp_path / "broken"))
    stations = broken / "stations.csv"
    stations.write_text(stations.read_text().replace(",850,", ",-850,"))
    result = hub.invoke(cli, ["check", str(broken)])
    assert result.exit_code == 1
    assert "stations.csv:3" in result.stdout


def test_init_loads_an_election_and_loading_again_changes_nothing(hub: CliRunner) -> None:
    first = hub.invoke(cli, ["init", str(ARVENIA)])
    assert (first.exit_code, "12 added" in first.stdout) == (0, True)
    again = hub.invoke(cli, ["init", str(ARVENIA)])
    assert (again.exit_code, "added" in again.stdout) == (0, False)


def test_init_asks_before_it_changes_a_loaded_election(hub: CliRunner, tmp_path: Path) -> None:
    hub.invoke(cli, ["init", str(ARVENIA)])
    changed = Path(shutil.copytree(ARVENIA, tmp_path / "changed"))
    observers = changed / "observers.csv"
    observers.write_text(observers.read_text().replace("+237670000004", "+237670000044"))
    declined = hub.invoke(cli, ["init", str(changed)], input="n\n")
    assert (declined.exit_code, "contacts: 1 changed (A4)" in declined.stdout) == (1, True)
    assert hub.invoke(cli, ["init", str(changed), "--yes"]).exit_code == 0
    assert "changed" not in hub.invoke(cli, ["init", str(changed)]).stdout


def test_an_unset_secret_key_is_refused_with_what_to_do(hub: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_SECRET_KEY", "")
    result = hub.invoke(cli, ["init", str(ARVENIA)])
    assert isinstance(result.exception, Refusal)
    assert "HUB_SECRET_KEY" in str(result.exception)


def test_read_answers_every_line_of_the_noisy_day_as_expected(hub: CliRunner) -> None:
    expected = [json.loads(line) for line in NOISY.read_text(encoding="utf-8").splitlines()]
    asked = [{key: line[key] for key in ("id", "at", "channel", "sender", "text")} for line in expected]
    result = hub.invoke(cli, ["read", "--election", str(KYRGYZSTAN)], input="\n".join(map(json.dumps, asked)))
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    for line, answer in zip(expected, answers, strict=True):
        told = {key: answer[key] for key in ("outcome", "form", "station", "answers")}
        problems = sorted(problem["code"] for problem in answer["problems"])
        assert told | {"problems": problems} == line["expect"] | {"problems": sorted(line["expect"]["problems"])}, line


def test_read_says_which_line_it_cannot_take(hub: CliRunner) -> None:
    result = hub.invoke(cli, ["read", "--election", str(ARVENIA)], input='{"id": 1}\n')
    assert isinstance(result.exception, Refusal)
    assert "line 1" in str(result.exception)


def test_an_account_gets_a_password_that_is_shown_once(hub: CliRunner) -> None:
    hub.invoke(cli, ["init", str(ARVENIA)])
    result = hub.invoke(cli, ["account", "add", "anna", "--role", "operator"])
    assert (result.exit_code, result.stdout.startswith("anna: ")) == (0, True)


def test_an_account_that_nobody_gets_into_is_opened_again_from_the_command_line(hub: CliRunner) -> None:
    hub.invoke(cli, ["init", str(ARVENIA)])
    first = hub.invoke(cli, ["account", "add", "anna", "--role", "admin"]).stdout
    again = hub.invoke(cli, ["account", "reset", "anna"]).stdout
    assert again.startswith("anna: ")
    assert again != first
    assert isinstance(hub.invoke(cli, ["account", "reset", "nobody"]).exception, Refusal)


def test_codes_are_written_once_to_a_file_of_ones_own(hub: CliRunner, tmp_path: Path) -> None:
    asked, file = tmp_path / "asked", tmp_path / "codes.txt"
    shutil.copytree(ARVENIA, asked)
    hub.invoke(cli, ["init", str(asked)])
    assert "asks for no codes" in str(hub.invoke(cli, ["proof", "issue", "-o", str(file)]).exception)
    with (asked / "election.yaml").open("a") as top:
        top.write("proof: {forms: [TAL], incidents: critical, by: sheet}\n")
    hub.invoke(cli, ["init", str(asked), "--yes"])
    assert hub.invoke(cli, ["proof", "issue", "-o", str(file), "A1", "A2"]).exit_code == 0
    first, second = file.read_text().split("\f")
    assert first.startswith("A1\n\nTAL ")
    assert "\n   1.  PIN " in first
    assert first.count("PIN") == second.count("PIN") == 21  # and one in the example
    assert file.stat().st_mode & 0o077 == 0
    assert "is there already" in str(hub.invoke(cli, ["proof", "issue", "-o", str(file)]).exception)
    assert hub.invoke(cli, ["proof", "revoke", "A1"]).stdout == "A1: 20 codes ended\n"


def test_a_code_is_asked_for_forms_that_there_are(hub: CliRunner, tmp_path: Path) -> None:
    shutil.copytree(ARVENIA, tmp_path / "wrong")
    with (tmp_path / "wrong/election.yaml").open("a") as top:
        top.write("proof: {forms: [TAP]}\n")
    result = hub.invoke(cli, ["check", str(tmp_path / "wrong")])
    assert "there is no form TAP" in result.output + str(result.exception)


def test_official_results_are_taken_with_any_headings_and_compared_again_without_the_file(
    hub: CliRunner, tmp_path: Path
) -> None:
    hub.invoke(cli, ["init", str(ARVENIA)])
    table = tmp_path / "official.csv"
    table.write_text("Bureau;Ballots;Sun\n10001;500;300\n10009;1;1\n")
    refused = hub.invoke(cli, ["reconcile", str(table)])
    assert "official!A3: “10009” is no station of the frame" in str(refused.exception)
    assert "0 stations" in hub.invoke(cli, ["reconcile"]).stdout
    table.write_text("Bureau;Ballots;Sun\n10001;500;300\n")
    told = hub.invoke(cli, ["reconcile", str(table), "--map", "V=Ballots"]).stdout
    assert "1 stations taken; Bureau → station; Ballots → V; Sun → YA" in told
    again = hub.invoke(cli, ["reconcile"]).stdout
    assert "station 10001 V: observers -, official 500 (not_observed)" in again


def test_estimates_of_an_empty_day_are_not_available_rather_than_zero(hub: CliRunner) -> None:
    hub.invoke(cli, ["init", str(ARVENIA)])
    found = json.loads(hub.invoke(cli, ["estimate", "--json"]).stdout)
    assert found["turnout"]["participation"]["estimate_pct"] is None
    assert "n/a" in hub.invoke(cli, ["estimate"]).stdout
