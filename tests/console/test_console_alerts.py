"""An alert's page and an incident's: who may do what, what is told, and what is in the audit."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.models import AlertEventRow, AlertRow, IncidentLinkRow, IncidentRow
from tests.console.house import A1, A4, House, post

MOBILE = "+237670000009"
WORDS = ("bagarre devant le bureau", "une autre bagarre")


@pytest.fixture
def fights(house: House) -> House:
    """Two reports of one alert, 1, at station 20004 in Montagne; and another alert, 2, in Littoral."""
    for words in WORDS:
        house.text(MOBILE, f"ALR 20004 101 {words}")
    house.text(A1, "SET H0715 M1 A0")
    return house


async def test_the_page_of_an_alert_says_what_who_is_paged_and_what_happened(fights: House) -> None:
    async with fights.browser("office") as browser:
        page = (await browser.get("/alerts/1")).text
    for said in ("20004", *WORDS, "critical", "coord-m", "still to come", "push sent", "reported again", "Call the ob"):
        assert said in page


async def test_a_coordinator_takes_calls_verifies_and_ends_an_alert_each_in_its_timeline(fights: House) -> None:
    async with fights.browser("littoral") as browser:
        assert (await browser.get("/alerts/1")).status_code == 403
        for act in ("acknowledge", "way", "verify", "false", "call"):
            assert (await post(browser, f"/alerts/1/{act}")).status_code == 403
        await post(browser, "/alerts/2/way")
        assert A1 in (await post(browser, "/alerts/2/call")).text
        await post(browser, "/alerts/2/verify", words="spoke to A1")
        late = await post(browser, "/alerts/2/acknowledge")
        assert "Somebody has it already" in (await browser.get(late.headers["location"])).text
        await post(browser, "/alerts/2/false", words="admitted by now")
        page = (await browser.get("/alerts/2")).text
        again = await post(browser, "/alerts/2/resolve")
        assert "Nothing was changed" in (await browser.get(again.headers["location"])).text
    for said in ("on the way", "saw the observer", "verified", "in the console: spoke to A1", "False, says littoral"):
        assert said in page
    assert fights.audited() == ["on_the_way", "reveal", "verify", "false_alarm"]


async def test_an_operator_verifies_and_calls_for_help_but_does_not_end_or_sort(fights: House) -> None:
    async with fights.browser("operator-1") as browser:
        await post(browser, "/alerts/1/verify", words="heard it")
        for act, fields in (("resolve", {}), ("false", {}), ("grade", {"severity": "3"}), ("merge", {"into": "2"})):
            assert (await post(browser, f"/alerts/1/{act}", **fields)).status_code == 403
        nobody = await post(browser, "/alerts/sos", whom="99999", words="x")
        assert "no such station or person" in (await browser.get(nobody.headers["location"])).text
        raised = await post(browser, "/alerts/sos", whom="A1", words="crying on the phone")
        page = (await browser.get(raised.headers["location"])).text
    for said in ("a person in danger", "10001", "raised at the desk", "crying on the phone", "coord-l"):
        assert said in page
    assert [action for action in fights.audited() if action != "reveal"] == ["verify", "sos"]


async def test_a_supervisor_regrades_merges_and_splits(fights: House) -> None:
    fights.text(MOBILE, "ALR 20004 101 une troisieme")
    async with fights.browser("supervisor") as browser:
        await post(browser, "/alerts/1/grade", severity="2")
        parted = await post(browser, "/alerts/1/split", incident="2")
        assert parted.headers["location"] == "/alerts/3"
        assert WORDS[1] in (await browser.get("/alerts/3")).text
        nothing = await post(browser, "/alerts/1/split")
        assert "Choose the reports" in (await browser.get(nothing.headers["location"])).text
        await post(browser, "/alerts/3/merge", into="1")
        page = (await browser.get("/alerts/1")).text
    for said in ("re-graded", "1 → 2", "parted alert", "took in alert"):
        assert said in page
    assert fights.audited() == ["grade", "split", "merge"]
    with Session(fights.hub.engine) as session:
        assert session.scalars(select(AlertRow.outcome).order_by(AlertRow.id)).all() == ["", "", "merged"]
        assert set(session.scalars(select(IncidentRow.alert_id))) == {1}


async def test_every_event_of_an_alert_has_words(fights: House) -> None:
    kinds = (
        "raised repeated paged escalated reminded acknowledged unacknowledged on_the_way called called_for verified "
    )
    kinds += "regraded unreachable merged absorbed split parted resolved false"
    with Session(fights.hub.engine) as session:
        session.add_all([AlertEventRow(alert_id=1, at=fights.clock[0], kind=kind, detail="") for kind in kinds.split()])
        session.commit()
    async with fights.browser("office") as browser:
        page = (await browser.get("/alerts/1")).text
    assert not [kind for kind in kinds.split() if "_" in kind and kind in page]


async def test_the_bell_counts_only_what_somebody_must_answer_for(fights: House) -> None:
    with Session(fights.hub.engine) as session:
        session.get_one(AlertRow, 1).severity = 3
        session.commit()
    async with fights.browser("office") as browser:
        assert "1 alert<" in (await browser.get("/pulse")).text


async def test_times_by_region_and_by_what_it_is_about_on_the_page_and_as_files(fights: House) -> None:
    async with fights.browser("office") as browser:
        await post(browser, "/alerts/1/acknowledge")
        page = (await browser.get("/alerts/times")).text
        times = table((await browser.get("/alerts/times.csv")).text)
        alerts = table((await browser.get("/alerts/alerts.csv")).text)
    assert "Montagne" in page
    assert "Violence" in page
    assert [(line["by"], line["name"], line["acknowledged_count"]) for line in times] == [
        ("region", "Littoral", "0"),
        ("region", "Montagne", "1"),
        ("topic", "Observer admitted: no", "0"),
        ("topic", "Violence", "1"),
    ]
    assert [(line["id"], line["state"], line["station"]) for line in alerts] == [
        ("1", "acknowledged", "20004"),
        ("2", "raised", "10001"),
    ]
    async with fights.browser("littoral") as browser:
        assert "Montagne" not in (await browser.get("/alerts/times.csv")).text


async def test_an_incident_is_edited_tied_and_published_each_in_the_audit(fights: House) -> None:
    fights.text(A4, "SET H0715 M1 A1")
    known = {"verified": "yes", "subject": "party", "subject_name": "=Moon", "question": ""}
    complaint = {"complaint_number": "17", "complaint_where": "district court", "complaint_result": "open"}
    async with fights.browser("operator-1") as browser:
        assert WORDS[0] in (await browser.get("/alerts/incidents?category=101&verified=open")).text
        await post(browser, "/alerts/incidents/1", **known, **complaint)
        wrong = await post(browser, "/alerts/incidents/1", **known | {"question": "SET.Z"})
        assert "no such answer" in (await browser.get(wrong.headers["location"])).text
        await post(browser, "/alerts/incidents/1/relate", other="2")
        assert (await post(browser, "/alerts/incidents/1/publish")).status_code == 403
        page = (await browser.get("/alerts/incidents/1")).text
        for said in ("=Moon", "district court", f"ALR 20004 101 {WORDS[0]}", "/alerts/incidents/2"):
            assert said in page
    async with fights.browser("office") as browser:
        await post(browser, "/alerts/incidents/1/publish")
        tables = (await browser.get("/alerts/incidents/published")).text
        file = table((await browser.get("/alerts/incidents/published.csv")).text)
        await post(browser, "/alerts/incidents/1/withdraw")
        assert "Nothing is published yet" in (await browser.get("/alerts/incidents/published")).text
    assert "a party" in tables
    assert {(line["by"], line["code"], line["count"]) for line in file} >= {
        ("total", "", "1"),
        ("category", "101", "1"),
        ("region", "Montagne", "1"),
        ("subject", "party", "1"),
    }
    assert fights.audited() == ["incident", "relate", "incident", "incident"]
    with Session(fights.hub.engine) as session:
        incident = session.get_one(IncidentRow, 1)
        assert (incident.verified, incident.complaint["number"]) == (True, "17")
        assert session.get_one(IncidentLinkRow, (1, 2))


async def test_an_incident_is_tied_to_an_answer_of_its_station(house: House) -> None:
    house.text(A1, "SET H0715 M1 A0")
    house.text(A1, "ALR 10001 101 bagarre")
    fields = {"verified": "open", "subject": "unknown", "question": "SET.A"}
    async with house.browser("littoral") as browser:
        await post(browser, "/alerts/incidents/1", **fields)
        assert 'value="SET.A" selected>SET.A = 0' in (await browser.get("/alerts/incidents/1")).text


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
