"""What runs the hub says what is true: of files, metrics, settings, commands, requirements and tests."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr
from pydantic_settings import SecretsSettingsSource
from ruamel.yaml import YAML

import hub.api.metrics as _metrics
from hub.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
HTTP_OF_PROMETHEUS = {"up"}


def _yaml(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def _told() -> set[str]:
    assert _metrics
    return {sample.name for metric in REGISTRY.collect() for sample in metric.samples} | {
        f"{metric.name}_total" if metric.type == "counter" else metric.name for metric in REGISTRY.collect()
    }


def _asked(expression: str) -> set[str]:
    return set(re.findall(r"\b(hub_\w+|up)\b(?=[{\[) <>=,]|$)", re.sub(r'"[^"]*"', '""', expression)))


def test_rules_and_panels_ask_for_what_the_hub_tells() -> None:
    rules = [rule for group in _yaml(DEPLOY / "monitoring/alerts.yml")["groups"] for rule in group["rules"]]
    panels = json.loads((DEPLOY / "monitoring/dashboard.json").read_text(encoding="utf-8"))["panels"]
    expressions = [rule["expr"] for rule in rules] + [it["expr"] for panel in panels for it in panel["targets"]]
    asked = {name for expression in expressions for name in _asked(expression)}
    assert len(asked) > 5
    assert asked - _told() - HTTP_OF_PROMETHEUS == set()


def test_every_alert_rule_has_its_place_in_the_runbook_and_every_metric_its_line() -> None:
    runbook = (ROOT / "docs/RUNBOOK.md").read_text(encoding="utf-8")
    for group in _yaml(DEPLOY / "monitoring/alerts.yml")["groups"]:
        for rule in group["rules"]:
            heading = rule["annotations"]["runbook"].removeprefix("RUNBOOK.md: ")
            assert f"**{heading}** ({rule['alert']})" in runbook, rule["alert"]
    ours = {name for name in _told() if name.startswith("hub_") and not name.endswith("_created")}
    assert {name for name in ours if f"`{name}" not in runbook} == set()


def test_the_table_of_asvs_names_tests_that_there_are() -> None:
    asvs = (ROOT / "docs/ASVS.md").read_text(encoding="utf-8")
    files = list((ROOT / "tests").rglob("test_*.py"))
    names = {path.stem for path in files}
    names |= {name for path in files for name in re.findall(r"def (test_\w+)", path.read_text(encoding="utf-8"))}
    assert set(re.findall(r"\btest_\w+", asvs)) - names == set()
    assert len(re.findall(r"^\| \d+\.\d+\.\d+ \|", asvs, re.MULTILINE)) > 200


def test_each_service_of_ours_can_write_nowhere_and_do_nothing_special() -> None:
    services = _yaml(DEPLOY / "compose/compose.yaml")["services"]
    for name in ("web", "worker", "init"):
        service = services[name]
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not any("TOKEN" in key or "KEY" in key or "DATABASE" in key for key in service["environment"]), name
    assert [services[name]["deploy"]["replicas"] for name in ("web", "worker")] == [2, 2]


def test_secrets_and_settings_of_the_services_are_ones_that_the_hub_knows() -> None:
    compose = _yaml(DEPLOY / "compose/compose.yaml")
    known = {f"hub_{name}" for name in Settings.model_fields}
    secrets = {name for name in compose["secrets"] if name.startswith("hub_")}
    given = {name.lower() for name in compose["services"]["web"]["environment"] if name.startswith("HUB_")}
    units = "".join(path.read_text() for path in (DEPLOY / "systemd").iterdir()) + (ROOT / "Dockerfile").read_text()
    set_there = {name.lower() for name in re.findall(r"\b(HUB_[A-Z_]+)=", units)} - {"hub_host", "hub_port"}
    assert secrets | given | set_there <= known
    example = (ROOT / "config/settings.example").read_text(encoding="utf-8")
    assert {
        name for name in re.findall(r"^(HUB_[A-Z_]+)=", example, re.MULTILINE) if name.lower() not in known
    } == set()


def test_a_secret_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "hub_secret_key").write_text("k" * 40 + "\n")
    source = SecretsSettingsSource(Settings, secrets_dir=tmp_path, env_prefix="HUB_")
    assert Settings(**source()).secret_key == SecretStr("k" * 40)


def test_the_image_takes_what_there_is_and_runs_as_nobody_special() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied) == let_in
    assert all((ROOT / name).exists() for name in copied)
    assert "USER 10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


@pytest.mark.parametrize("step", sorted((DEPLOY / "steps").iterdir()), ids=lambda path: path.name)
def test_each_step_can_be_run(step: Path) -> None:
    assert os.access(step, os.X_OK)
    assert step.read_text().startswith("#!/bin/sh\n")


def test_what_runs_on_the_day_is_pinned_by_hash_and_holds_no_tool_of_ours() -> None:
    locked = (ROOT / "requirements.run.lock").read_text()
    everything = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^([\w.-]+==[^ ;]+)([^\n]*)\n([^\n]*)", locked, re.MULTILINE)
    assert len(packages) > 40
    assert [name for name, _, after in packages if "--hash=sha256:" not in after] == []
    assert [name for name, _, _ in packages if name not in everything] == []
    assert not re.search(r"^(pytest|ruff|mypy|playwright|hypothesis)==", locked, re.MULTILINE)
