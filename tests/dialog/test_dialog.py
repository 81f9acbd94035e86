"""Where a person stands in a form, event by event."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.checklist import grammar
from hub.checklist.definition import Checklist, Form, Option, Question
from hub.checklist.reading import ReportText
from hub.dialog import dialog as dialogs
from hub.dialog import screens
from hub.dialog.dialog import Dialog, Event, Look, Paper, Press, Turn, Typed
from hub.election import configuration
from hub.election.definition import Election

ROOT = Path(__file__).parents[2]


def options(*codes: str) -> tuple[Option, ...]:
    return tuple(Option(code=code, text={"en": f"option {code}", "fr": f"choix {code}"}) for code in codes)


def ask(code: str, type: str, **more: object) -> Question:
    text = {"en": f"question {code}", "fr": f"question {code}"}
    return Question.model_validate({"code": code, "type": type, "text": text, **more})


def election() -> Election:
    """Arvenia with a form that has questions of every kind."""
    loaded = configuration.load(ROOT / "tests" / "elections" / "arvenia").election
    form = loaded.checklist.form("SET")
    questions = (
        ask("A", "choice", options=options("1", "2", "9"), unobserved="9"),
        ask("B", "integer", min=0, max=900, relevant="A == 1"),
        ask("C", "multiple", options=options("1", "2", "3")),
        ask("D", "time"),
        ask("E", "text", required=False),
        ask("F", "confirmation", required=False),
        ask("G", "decimal", min=0, max=9.5),
        ask("H", "text", required=False),
    )
    told = loaded.model_dump()  # not a copy of the models, which would keep what they have worked out
    told["checklist"]["forms"] = [form.model_dump() | {"questions": questions}]
    return Election.model_validate(told)


ELECTION = election()
CHECKLIST: Checklist = ELECTION.checklist
FORM: Form = CHECKLIST.form("SET")
PAPER = Paper(CHECKLIST, FORM)


def walk(*events: str, paper: Paper = PAPER) -> Turn:
    """`A 1` presses a button of the screen shown, `=330` types, `@2 A 1` presses one that was shown for step 2."""
    turn = Turn(dialogs.begin(7, "10001", paper))
    for told in events:
        turn = dialogs.take(turn.dialog, event(told, turn.dialog), paper)
    return turn


def event(told: str, dialog: Dialog) -> Event:
    if told.startswith("="):
        return Typed(told[1:])
    step, told = (int(told[1:].split()[0]), told.split(maxsplit=1)[1]) if told[0] == "@" else (dialog.step, told)
    deed, _, value = told.partition(" ")
    return Press(step, deed, value)


# What happens, the question asked then, and the answers by then.
WALKS = [
    ([], "A", {}),
    (["A 1"], "B", {"A": "1"}),
    (["A 2"], "C", {"A": "2"}),  # B is relevant only after A1
    (["A 7"], "A", {}),
    (["none"], "C", {"A": "9"}),  # the checklist has a code for that
    (["next"], "C", {}),  # whether B is relevant cannot be told
    (["A 1", "=330"], "C", {"A": "1", "B": "330"}),
    (["A 1", "=33O"], "C", {"A": "1", "B": "330"}),
    (["A 1", "=٣٣٠"], "C", {"A": "1", "B": "330"}),
    (["A 1", "= 330. "], "C", {"A": "1", "B": "330"}),
    (["A 1", "=B330"], "C", {"A": "1", "B": "330"}),
    (["A 1", "=-5"], "B", {"A": "1"}),
    (["A 1", "=2 067"], "B", {"A": "1"}),
    (["A 1", "=1.5"], "B", {"A": "1"}),
    (["A 1", "=901"], "B", {"A": "1"}),
    (["A 1", "=many"], "B", {"A": "1"}),
    (["=1"], "B", {"A": "1"}),
    (["=А1"], "B", {"A": "1"}),  # a Cyrillic А
    (["=A1 B330 C1"], "D", {"A": "1", "B": "330", "C": "1"}),
    (["=SET 10004 A1"], "A", {}),  # of another station: not this dialog's
    (["A 1", "back"], "A", {"A": "1"}),
    (["A 1", "back", "A 2"], "C", {"A": "2"}),
    (["A 1", "back", "next"], "B", {"A": "1"}),
    (["back"], "A", {}),
    (["A 1", "none"], "C", {"A": "1"}),
    (["A 1", "@1 A 2"], "B", {"A": "1"}),  # pressed twice, or on an older screen
    (["A 1", "@9 next"], "B", {"A": "1"}),
    (["A 2", "tick 1", "tick 3", "tick 1", "done"], "D", {"A": "2", "C": "3"}),
    (["A 2", "done"], "C", {"A": "2"}),
    (["A 2", "tick 4"], "C", {"A": "2"}),
    (["A 2", "=1,3"], "D", {"A": "2", "C": "1,3"}),
    (["A 2", "=31"], "D", {"A": "2", "C": "1,3"}),
    (["A 2", "next", "=7.15"], "E", {"A": "2", "D": "07:15"}),
    (["A 2", "next", "=7:15"], "E", {"A": "2", "D": "07:15"}),
    (["A 2", "next", "=0715"], "E", {"A": "2", "D": "07:15"}),
    (["A 2", "next", "=25:00"], "D", {"A": "2"}),
    (["A 2", "next", "next", "=A1 is #what they\nsay"], "F", {"A": "2", "E": "A1 is what they say"}),
    (["A 2", *["next"] * 3, "F 1", "=1,5"], "H", {"A": "2", "F": "1", "G": "1.5"}),
    (["A 2", *["next"] * 6], None, {"A": "2"}),
    (["A 2", *["next"] * 6, "go D", "=0800"], None, {"A": "2", "D": "08:00"}),
    (["A 2", *["next"] * 6, "go A", "A 1"], "B", {"A": "1"}),  # what has become relevant is asked
    (["A 2", *["next"] * 6, "=D0800"], None, {"A": "2", "D": "08:00"}),
    (["A 2", *["next"] * 6, "back"], "H", {"A": "2"}),
    (["A 1", "=5", "back", "back", "A 2", "go B", "next"], "D", {"A": "2", "B": "5"}),
]


@pytest.mark.parametrize(
    ("events", "at", "answers"), WALKS, ids=lambda it: " · ".join(it) if isinstance(it, list) else ""
)
def test_each_event_leads_to_the_next_question(events: list[str], at: str | None, answers: dict[str, str]) -> None:
    dialog = walk(*events).dialog
    assert (dialog.at, dict(dialog.answers)) == (at, answers)
    assert Dialog.from_json(dialog.as_json()) == dialog


def test_what_is_no_answer_says_why() -> None:
    problems = [walk("A 1", f"={text}").problem for text in ("many", "901")]
    assert [(it.code, it.field, it.value) for it in problems if it] == [
        ("not_a_number", "B", "many"),
        ("out_of_range", "B", "901"),
    ]


def test_an_edited_message_changes_the_answer_that_it_gave() -> None:
    dialog = dialogs.take(walk("A 1").dialog, Typed("330", "17"), PAPER).dialog
    turn = dialogs.take(dialog, Typed("331", "17", edited=True), PAPER)
    assert (turn.took, turn.dialog.at, turn.dialog.answers["B"]) == (("B",), "C", "331")
    assert dialogs.take(turn.dialog, Typed("many", "17", edited=True), PAPER).dialog == turn.dialog
    assert dialogs.take(turn.dialog, Typed("1", "16", edited=True), PAPER).dialog == turn.dialog


def test_only_the_summary_can_be_sent_and_only_where_something_is_new() -> None:
    assert not walk("A 1", "send").sent
    assert walk("A 2", *["next"] * 6, "send").sent
    assert not walk(*["next"] * 7, "send").sent
    assert walk(*["next"] * 6, "none", "send").sent  # that it was not observed is news


def test_what_the_observer_texted_meanwhile_is_not_asked_again() -> None:
    paper = Paper(CHECKLIST, FORM, {"A": "2", "C": "1"})
    assert walk(paper=paper).dialog.at == "D"
    turn = walk("=0800", *["next"] * 4, paper=paper)
    assert dialogs.coded(turn.dialog, paper) == ("SET 10001 D08:00",)


def test_the_coded_text_leaves_out_what_is_not_relevant_any_more_and_each_text_ends_a_message() -> None:
    dialog = walk("A 1", "=5", "back", "back", "A 2").dialog
    assert dialog.answers["B"] == "5"
    assert dialogs.coded(dialog, PAPER) == ("SET 10001 A2",)
    dialog = walk("A 2", "next", "next", "=they say no", "F 1", "=2", "=cold").dialog
    assert dialogs.coded(dialog, PAPER) == ("SET 10001 A2 F G2 E they say no", "SET 10001 H cold")


def test_a_question_that_the_election_dropped_is_not_asked() -> None:
    dialog = Dialog(7, "SET", "10001", at="Z")
    assert dialogs.take(dialog, Look(), PAPER).dialog.at == "A"


VALUES = ["", *"123479", *"ABCDEFGH"]
DEEDS = st.builds(
    Press,
    st.integers(0, 12),
    st.sampled_from(["back", "next", "none", "go", "send", "done", "tick", *FORM.by_code]),
    st.sampled_from(VALUES),
)
SHOWN = st.sampled_from(["back", "next", "none", "tick 1", "tick 2", "done", "go C", *(f"{c} 1" for c in FORM.by_code)])
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["1", "2", "330", "7:15", "1,3", "cold", "B5", "A1 B2", "SET A1 D0800", "G1.5", "#", "-5"]),
)
EVENTS = st.lists(st.one_of(DEEDS, SHOWN, st.builds(Typed, TEXTS), st.just(Look())), max_size=25)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
@example(["next", "next", "next", Typed(":")])
def test_whatever_happens_nothing_is_lost_and_there_is_a_way_on(events: list[Event | str]) -> None:
    turn = Turn(dialogs.begin(10**15, "10001", PAPER))
    for told in events:
        before = turn.dialog
        happening = event(told, before) if isinstance(told, str) else told
        turn = dialogs.take(before, happening, PAPER)
        gone = before.answers.keys() - turn.dialog.answers.keys()
        assert gone <= {before.at}
        assert not gone or (isinstance(happening, Press) and happening.deed == "none")
        shown = screens.show(ELECTION, "en", turn, PAPER, plain=False)
        assert shown.text
        assert turn.sent or shown.buttons
        assert all(0 < len(data.encode()) <= 64 and label for row in shown.buttons for label, data in row)
    for text in dialogs.coded(turn.dialog, PAPER):
        read = grammar.read(text, CHECKLIST)
        assert isinstance(read, ReportText)
        assert not read.problems


@settings(max_examples=50, deadline=None)
@given(EVENTS)
def test_from_wherever_one_is_next_and_send_lead_to_the_end(events: list[Event | str]) -> None:
    dialog = dialogs.begin(7, "10001", PAPER)
    for told in [*events, *["next"] * 9]:
        dialog = dialogs.take(dialog, event(told, dialog) if isinstance(told, str) else told, PAPER).dialog
    assert dialog.at is None
