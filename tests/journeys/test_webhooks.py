"""What a provider, or somebody who says he is one, gets at the doors."""

from __future__ import annotations

import pytest

from hub.api import doors
from tests.journeys.town import SID, Town


async def test_an_unsigned_webhook_is_refused_and_nothing_is_stored(town: Town) -> None:
    form = {"MessageSid": "SM1", "AccountSid": SID, "From": "+237670000001", "Body": "SET A1"}
    assert (await town.client.post("/sms/twilio", data=form)).status_code == 403
    signed = {"x-twilio-signature": "bm9wZQ=="}
    assert (await town.client.post("/sms/twilio", data=form, headers=signed)).status_code == 403
    assert (await town.client.post("/sms/twilio", json=form, headers=signed)).status_code == 403
    assert (await town.client.post("/sms/twilio/status", data=form)).status_code == 403
    assert (await town.update({"message": {}}, secret="guess")).status_code == 403
    assert (await town.client.post("/telegram", content=b"{}")).status_code == 403
    assert town.journal() == []
    assert 'hub_webhooks_total{gateway="twilio",result="refused_403"}' in (await town.client.get("/metrics")).text


async def test_who_forges_signatures_is_told_to_stop_and_the_provider_behind_the_same_proxy_never_is(
    town: Town,
) -> None:
    forged = [
        (await town.client.post("/sms/twilio", data={"Body": "SET A1"})) for _ in range(doors.FORGED_A_MINUTE + 1)
    ]
    assert [answer.status_code for answer in forged] == [403] * doors.FORGED_A_MINUTE + [429]
    assert forged[-1].headers["retry-after"] == "60"
    assert (await town.sms("+237670000001", "SET H0715 M1 A1")).status_code == 200
    assert len(town.journal()) == 1


def test_a_minute_later_and_from_elsewhere_it_is_counted_anew() -> None:
    forgers, here, there = doors.Forgers(), {"client": ("192.0.2.1", 1)}, {"client": ("192.0.2.2", 1)}
    said = [forgers.too_many(here, 0.0) for _ in range(doors.FORGED_A_MINUTE + 1)]
    assert said == [False] * doors.FORGED_A_MINUTE + [True]
    assert not forgers.too_many(there, 1.0)
    assert not forgers.too_many(here, doors.MINUTE)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/sms/twilio", 405),
        ("PUT", "/telegram", 405),
        ("POST", "/healthz", 405),
        ("POST", "/nowhere", 404),
        ("GET", "/sms/nowhere", 404),
        ("GET", "/healthz", 200),
        ("GET", "/metrics", 200),
    ],
)
async def test_paths_and_methods_get_a_clear_status(town: Town, method: str, path: str, status: int) -> None:
    assert (await town.client.request(method, path)).status_code == status


async def test_a_body_over_the_limit_is_413_declared_or_not(town: Town) -> None:
    async def endless() -> object:
        for _ in range(100):
            yield b"x" * 1024

    assert (await town.client.post("/sms/twilio", content=b"x" * 70_000)).status_code == 413
    assert (await town.client.post("/telegram", content=endless())).status_code == 413  # type: ignore[arg-type]
    assert town.journal() == []


async def test_only_an_upload_may_be_large(town: Town) -> None:
    assert (await town.client.post("/import", content=b"x" * 1_000_000)).status_code in (303, 403)
    assert (await town.client.post("/import", content=b"x" * 12_000_000)).status_code == 413


async def test_an_update_that_nobody_can_parse_is_kept_and_the_next_one_is_handled(town: Town) -> None:
    await town.update({"message": [[["?"]]], "callback_query": 7})
    await town.telegram(8100001, "SET H0715 M1 A1")
    await town.work()
    assert len(town.journal()) == 2
    assert [submission.outcome for submission in town.submissions()] == ["error", "accepted"]
    assert [item.detail for item in town.desk()] == [{"error": True}]


async def test_a_picture_without_words_is_kept_and_thanked_for(town: Town) -> None:
    await town.sms("+237670000001", "", NumMedia="1", MediaUrl0="https://example.org/1", MediaContentType0="image/jpeg")
    await town.work()
    assert town.told() == [("+237670000001", "Reçu pour SET 10001. Envoyez aussi le texte.")]


async def test_readiness_says_that_no_worker_runs(town: Town) -> None:
    answer = await town.client.get("/readyz")
    assert answer.status_code == 503
    assert "hub work" in answer.json()["wrong"][0]
