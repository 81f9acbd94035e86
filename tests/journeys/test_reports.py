"""Reports, as dialogues: what is sent, what is answered, what is stored."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from hub.models import IncidentRow, StationRecordRow
from tests.journeys.town import Town

A1, A2, A3, A4 = "+237670000001", "+237670000002", "+237670000003", "+237670000004"
STRANGER = "+237699999999"


async def test_a_report_by_sms_is_stored_and_confirmed_in_the_observers_language(town: Town) -> None:
    assert (await town.sms(A1, "set 10001 h0715 m13 A oui w12,5 # tout va bien")).status_code == 200
    await town.work()
    assert town.told() == [(A1, "SET 10001 : reçu. H07:15 M1,3 A1 W12.5")]
    [submission] = town.submissions()
    assert (submission.outcome, submission.form) == ("accepted", "SET")
    assert submission.answers == {"H": "07:15", "M": "1,3", "A": "1", "W": "12.5"}
    assert submission.comment == "tout va bien"
    assert town.desk() == []


async def test_a_report_by_telegram_takes_the_same_walk(town: Town) -> None:
    assert (await town.telegram(8100005, "SET 20005 H 7:40 M2 A yes")).status_code == 200
    await town.work()
    assert town.told() == [("8100005", "SET 20005: OK. H07:40 M2 A1")]


async def test_a_message_delivered_twice_is_one_report_and_one_reply(town: Town) -> None:
    for _ in range(3):
        assert (await town.sms(A1, "SET H0715 M1 A1", sid="SM-again")).status_code == 200
    await town.work()
    assert (await town.sms(A1, "SET H0715 M1 A1", sid="SM-again")).status_code == 200
    await town.work()
    assert len(town.journal()) == len(town.submissions()) == len(town.told()) == 1


async def test_the_same_text_again_stores_nothing_and_gets_the_first_reply_once_more_and_no_more(town: Town) -> None:
    for _ in range(3):
        await town.sms(A1, "SET H0715 M1 A1")
        await town.work()
    assert [submission.outcome for submission in town.submissions()] == ["accepted"] + ["duplicate"] * 2
    first, again, other = town.told()
    assert first == again == (A1, "SET 10001 : reçu. H07:15 M1 A1")
    assert other[1].startswith("Même réponse.")
    assert town.desk() == []


async def test_a_later_report_replaces_answers_one_by_one_and_the_history_stays(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    await town.sms(A1, "SET M2")
    await town.work()
    assert _record(town).answers == {"H": "07:15", "M": "2", "A": "1"}
    assert [submission.answers for submission in town.submissions()] == [{"H": "07:15", "M": "1", "A": "1"}, {"M": "2"}]


async def test_the_sound_answers_of_a_partial_report_are_stored_and_the_rest_goes_to_the_desk(town: Town) -> None:
    await town.sms(A2, "SET 10001 H2570 M14 A1")
    await town.work()
    [submission] = town.submissions()
    assert (submission.outcome, submission.answers) == ("partial", {"A": "1"})
    assert sorted(problem["code"] for problem in submission.problems) == ["not_a_time", "unknown_option"]
    [(_, reply)] = town.told()
    assert "stored A1" in reply
    assert "NOT stored" in reply
    assert [item.kind for item in town.desk()] == ["message"]


async def test_a_stranger_stores_nothing_and_waits_at_the_desk(town: Town) -> None:
    await town.sms(STRANGER, "SET 10001 H0715 M1 A0")
    await town.work()
    [submission] = town.submissions()
    assert (submission.outcome, submission.answers, submission.person_id) == ("rejected", {}, None)
    [item] = town.desk()
    assert item.severity == 1  # what can be read is critical, whoever says it
    assert len(town.told()) == 1


async def test_somebody_elses_station_is_refused(town: Town) -> None:
    await town.sms(A1, "SET 20001 H0715")
    await town.work()
    assert town.submissions()[0].outcome == "rejected"
    assert town.told() == [(A1, "Rien n'est noté.\nLe bureau 20001 n'est pas le vôtre.")]


async def test_chatter_gets_an_example_of_what_would_be_right(town: Town) -> None:
    await town.sms(A1, "rappelez-moi svp")
    await town.work()
    [(_, reply)] = town.told()
    assert "Exemple : SET 10001 H0715 M1 A1 W1.5" in reply


async def test_a_report_before_its_time_is_refused_and_taken_in_its_time(town: Town) -> None:
    await town.sms(A1, "TAL R900 V50 YA20 YB30")
    await town.work()
    town.clock[0] += timedelta(hours=12)
    await town.sms(A1, "TAL R900 V50 YA20 YB30")
    await town.work()
    first, second = town.submissions()
    assert (first.outcome, first.problems[0]["code"], second.outcome) == ("rejected", "report_not_due", "accepted")


async def test_two_observers_who_agree_make_one_record_and_who_differ_a_conflict(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    await town.sms(A2, "SET H0715 M2 A1")
    await town.work()
    record = _record(town)
    assert (record.answers, record.conflicts) == ({"H": "07:15", "A": "1"}, ["M"])
    told = {"codes": ["M"], "said": {"M": {"A1": "1", "A2": "2"}}, "rules": {"M": {"1": [], "2": []}}}
    assert [(item.kind, item.detail) for item in town.desk()] == [("conflict", told)]
    await town.sms(A2, "SET M1")
    await town.work()
    assert (_record(town).answers["M"], town.desk()) == ("1", [])


async def test_a_violated_rule_is_told_flagged_and_gone_when_the_numbers_are_mended(town: Town) -> None:
    town.clock[0] += timedelta(hours=12)
    await town.sms(A4, "TAL 20001 R800 V50 YA20 YB31")
    await town.work()
    assert town.submissions()[0].outcome == "accepted"
    assert "V n'est pas YA + YB" in town.told()[0][1]
    assert [(item.kind, item.detail) for item in town.desk()] == [("rule", {"rules": ["votes_add_up"]})]
    await town.sms(A4, "TAL 20001 YB30")
    await town.work()
    assert town.desk() == []


async def test_status_tells_what_has_come_and_what_is_due(town: Town) -> None:
    await town.sms(A1, "SET H0715 M1 A1")
    await town.sms(A1, "etat")
    await town.work()
    assert (A1, "10001 : reçu SET ; attendu TAL 23:00") in town.told()


async def test_help_answers_in_the_senders_language(town: Town) -> None:
    await town.sms(A2, "help")
    await town.sms(A1, "aide set")
    await town.work()
    told = dict(town.told())
    assert told[A2].startswith("Write SET ")
    assert told[A1].startswith("SET Installation")


async def test_an_incident_gets_a_number_and_the_same_words_again_are_the_same_incident(town: Town) -> None:
    for _ in range(2):
        await town.sms(A3, "ALR 10004 201 affiches devant la porte")
    await town.work()
    with town.session() as session:
        [incident] = session.scalars(select(IncidentRow))
    assert (incident.category, incident.description) == ("201", "affiches devant la porte")
    assert town.told() == [(A3, f"N° {incident.id} : Propagande, 10004. Prudence.")] * 2


async def test_stop_is_marked_and_told_to_the_desk_and_reports_are_heard_all_the_same(town: Town) -> None:
    await town.sms(A1, "STOP", OptOutType="STOP")
    await town.sms(A1, "SET H0715 M1 A1")
    await town.work()
    assert [item.detail for item in town.desk()] == [{"stopped": True}]
    assert town.submissions()[1].outcome == "accepted"


def _record(town: Town) -> StationRecordRow:
    with town.session() as session:
        return session.scalars(select(StationRecordRow)).one()
