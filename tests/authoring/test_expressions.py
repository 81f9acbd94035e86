"""XPath and CEL: the same said in both, and what only one can say refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.authoring import expressions
from hub.authoring.expressions import Asked, Bounds, Untranslatable

YES_NO = {"yes": "1", "no": "2", "1": "1", "2": "2"}
T, D, M = Asked("T", "integer"), Asked("D", "choice", YES_NO), Asked("M", "multiple", YES_NO)
W, H, Z = Asked("W", "decimal"), Asked("H", "time"), Asked("Z", "confirmation")
NAMES = {asked.code: asked for asked in (T, D, M, W, H, Z)} | {"queue": D}

TRANSLATED = [
    ("${D} = '1'", "D == 1"),
    ("${queue}='yes'", "D == 1"),
    ("${D} != 'no' and ${T} > 5", "D != 2 && T > 5"),
    ("selected(${M}, 'yes') or selected(${D}, '2')", "1 in M || D == 2"),
    ("not(selected(${M}, '1'))", "!(1 in M)"),
    ("count-selected(${M}) >= 2", "size(M) >= 2"),
    ("(${T} = 1 or ${T} = 2) and ${D} = '1'", "(T == 1 || T == 2) && D == 1"),
    ("${T} = 1 or ${T} = 2 and ${D} = '1'", "T == 1 || T == 2 && D == 1"),
    ("2 * ${T} - (3 - ${T}) <= 10 mod 3", "2 * T - (3 - T) <= 10 % 3"),
    ("${T} = '7'", "T == 7"),
    ("${W} >= 5 and ${W} < 12.5", "W >= 5.0 && W < 12.5"),
    ('${H} > "08:00"', "H > '08:00'"),
    ("regex(${H}, '^0')", "H.matches('^0')"),
    ("${Z} = 'OK'", "Z == 1"),
    ("-1 < ${T}", "-1 < T"),
]


@pytest.mark.parametrize(("xpath", "cel"), TRANSLATED)
def test_what_a_form_says_becomes_a_rule(xpath: str, cel: str) -> None:
    assert expressions.to_cel(xpath, NAMES) == cel


REFUSED = [
    ("${Q} = '1'", "there is no question Q"),
    ("${D} = 'maybe'", "D has no choice maybe"),
    ("${M} = '1'", "write selected"),
    ("${T} != ''", "was answered at all"),
    ("${T} div 2 > 1", "division"),
    ("today() > 3", r"today\(\) cannot be used"),
    ("selected(${M})", r"selected\(\) cannot be used"),
    ("${T} >", "ends too early"),
    ("${T} 5", "“5” stands in a wrong place"),
    ("(${T} > 5", r"a “\)” is missing"),
    (". > 5", "the question itself"),
    ("${T} ~ 5", "“~ 5” is not understood"),
    ("(" * 21 + "${T}" + ")" * 21, "nested deeper"),
    ("${T} = 1 or " * 90 + "${T} = 1", "longer than"),
    ("", "ends too early"),
]


@pytest.mark.parametrize(("xpath", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_has_no_translation_is_refused_and_says_why(xpath: str, words: str) -> None:
    with pytest.raises(Untranslatable, match=words):
        expressions.to_cel(xpath, NAMES)


@pytest.mark.parametrize(
    ("constraint", "bounds"),
    [
        (". >= 0 and . <= 6000", Bounds("0", "6000")),
        (". > 0 and 10 > .", Bounds("1", "9")),
        (". >= -5", Bounds("-5")),
        ("0 <= . and . != 7", Bounds("0", None, "T != 7")),
        (". <= 10 and . <= 20", Bounds(None, "10", "T <= 20")),
        (". >= 1 or . = 0", Bounds(None, None, "T >= 1 || T == 0")),
        (". < 5.5", Bounds(None, None, "T < 5.5")),
    ],
)
def test_a_constraint_becomes_bounds_and_what_is_left_a_rule(constraint: str, bounds: Bounds) -> None:
    assert expressions.bounds(constraint, NAMES, T) == bounds


@pytest.mark.parametrize(
    ("cel", "xpath"),
    [
        ("D == 1", "${D} = '1'"),
        ("!(1 in M) && size(M) > 1", "not(selected(${M}, '1')) and count-selected(${M}) > 1"),
        ("W > 5.0", "${W} > 5.0"),
        ("MID.T == 2", None),
        ("2 * T <= 3 * station.voters", None),
        ("D==1", None),
        ("M.all(x, x < 2)", None),
        ("[1, 2] == M", None),
    ],
)
def test_a_rule_goes_back_only_where_it_would_come_again_as_it_was(cel: str, xpath: str | None) -> None:
    assert expressions.to_xpath(cel, NAMES) == xpath


def sums() -> st.SearchStrategy[str]:
    operand = st.sampled_from(["${T}", "7", "2"])
    return st.recursive(
        operand, lambda inner: st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda it: f"({' '.join(it)})")
    )


@given(st.lists(st.tuples(sums(), st.sampled_from(["=", "<", ">="]), sums()), min_size=1, max_size=4), st.data())
def test_a_translation_means_the_same(parts: list[tuple[str, str, str]], data: st.DataObject) -> None:
    xpath = " ".join(parts[0])
    for part in parts[1:]:
        xpath = f"({xpath}) {data.draw(st.sampled_from(['and', 'or']))} {' '.join(part)}"
    assume(len(xpath) < 300 and xpath.count("(") < 20)
    cel = expressions.to_cel(xpath, NAMES)
    value = data.draw(st.integers(0, 9))
    theirs = xpath.replace("${T}", str(value)).replace(" = ", " == ")
    ours = cel.replace("T", str(value)).replace("&&", "and").replace("||", "or")
    assert eval(theirs) == eval(ours)
    assert expressions.to_xpath(cel, NAMES) is not None


@given(st.text(alphabet="${}TDM.()'<>=!&|+-* 019andorselctd,\"", max_size=60))
def test_no_text_makes_a_translation_raise_anything_else(text: str) -> None:
    for translate in (expressions.to_cel, expressions.to_xpath):
        with suppress(Untranslatable):
            translate(text, NAMES)
