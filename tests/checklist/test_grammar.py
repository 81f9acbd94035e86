"""What is made of a text: one line a message."""

from __future__ import annotations

import pytest

from hub.checklist import grammar
from hub.checklist.definition import Checklist
from hub.checklist.reading import CommandText, IncidentText, Reading, ReportText, Unreadable


def told(reading: Reading) -> str:
    """A reading on one line: `OPN 5191 A1 B2 | unknown_option:H "7"`; the station is - where there is none."""
    match reading:
        case ReportText():
            answers = [code + answer.value for code, answer in reading.answers.items()]
            said = " ".join([reading.form, reading.station or "-", *answers])
        case IncidentText():
            said = f"INC {reading.station or '-'} {reading.category or '-'} {reading.description!r}"
        case CommandText():
            return f"{reading.name} {reading.argument} {reading.rest}".strip()
        case Unreadable():
            said = ""
    problems = [f'{it.code}{":" * bool(it.field)}{it.field or ""} "{it.value}"' for it in reading.problems]
    return " | ".join([said, *problems]).strip()


SOUND = [
    ("OPN 5191 A1 B2 C1 K1430", "OPN 5191 A1 B2 C1 K1430"),
    ("opn5191a1b2c1k1430", "OPN 5191 A1 B2 C1 K1430"),
    ("  OPN: 5191; A = 1, B=2 / C.1 (K:1430)!", "OPN 5191 A1 B2 C1 K1430"),
    ("«OPN 5191 A1 B2»", "OPN 5191 A1 B2"),
    ("OPN\n5191\r\nA 1\n\nB\t2", "OPN 5191 A1 B2"),
    ("OPN — 5191 — A1 — B2", "OPN 5191 A1 B2"),
    ("*OPN*5191*A1*B2*", "OPN 5191 A1 B2"),
    ("ОРN 5191 А1 В2 С1", "OPN 5191 A1 B2 C1"),
    ("орn 5191 а1 в2 с1", "OPN 5191 A1 B2 C1"),
    ("ОТК 5191 А1", "OPN 5191 A1"),
    ("ＯＰＮ ５１９１ Ａ１", "OPN 5191 A1"),
    ("OPN ٥١٩١ A१", "OPN 5191 A1"),
    ("O\u200bPN 51\u200e91 A\ufeff1", "OPN 5191 A1"),
    ("OPN 5191 A1️⃣ B2", "OPN 5191 A1 B2"),
    ("OPN 5191 👍 A1 👍👍 B2", "OPN 5191 A1 B2"),
    ("MID 5310 A2 Bl C2 DI El T55O", "MID 5310 A2 B1 C2 D1 E1 T550"),
    ("TUR 5191 TIO|", "TUR 5191 T101"),
    ("TUR 53lO T5", "TUR 5310 T5"),
    ("TUR lOll T5", "TUR 1011 T5"),
    ("MOB2398ClSlAl", "MOB 2398 C1 S1 A1"),
    ("MOB2398AlBlClDlElFlGlHlJlKlMlNl", "MOB 2398 A1 B1 C1 D1 E1 F1 G1 H1 J1 K1 M1 N1"),
    ("TURlOllT5", "TUR 1011 T5"),
    ("clsal b2", "CLS - A1 B2"),
    ("TUR T330", "TUR - T330"),
    ("turt330", "TUR - T330"),
    ("TUR 5191 T0067", "TUR 5191 T67"),
    ("TUR 5191 TO", "TUR 5191 T0"),
    ("OPN A да C нет", "OPN - A1 C2"),
    ("OPN 5191 Aда,Cжок,Dyes,Eno,Fооба,Gha,Hyo'q", "OPN 5191 A1 C2 D1 E2 F1 G1 H2"),
    ("OPN 5191 AдаCжокDyesEnoFоoбаGHAHyoʻq", "OPN 5191 A1 C2 D1 E2 F1 G1 H2"),
    ("OPN №5191 A1", "OPN 5191 A1"),
    ("OPN№5191A1", "OPN 5191 A1"),
    ("OPN УИК 5191 A1", "OPN 5191 A1"),
    ("OPN уик № 5191 A1", "OPN 5191 A1"),
    ("opn st.5191 a1", "OPN 5191 A1"),
    ("opnpec5191a1", "OPN 5191 A1"),
    ("OPN Шайлоо участкасы 5191 A1", "OPN 5191 A1"),
    ("ARR 5191", "ARR 5191"),
    ("ARR", "ARR -"),
    ("OPN 5191", "OPN 5191"),
    ("TUR | УИК 5191 | T330", "TUR 5191 T330"),
    ("| CLS | 5191 | A2 | B1 |", "CLS 5191 A2 B1"),
    ("MOB2398JlKyo‘qMlNlPообаQHa", "MOB 2398 J1 K2 M1 N1 P1 Q1"),
    ("MOB 2398 A1\nmob2398a1", "MOB 2398 A1"),
    ("OPN K1595\nopnk1595", "OPN - K1595"),
    # The hyphen: a separator for a choice; for a number where the whole message writes so.
    ("OPN 5191 A-1 B-2", "OPN 5191 A1 B2"),
    ("OPN-5191-A1-B2-K1430", "OPN 5191 A1 B2 K1430"),
    ("MID 5191 A-1 B-2 T-330", "MID 5191 A1 B2 T330"),
    ("MID 5191 A - 1, B - 2, T - 330", "MID 5191 A1 B2 T330"),
    ("MID-5191-A-1-B-2-T-330", "MID 5191 A1 B2 T330"),
    ("TUR 5191 T–330", "TUR 5191 T330"),
    # The same answer twice, the text sent twice.
    ("TUR 7375 T521 T521", "TUR 7375 T521"),
    ("TUR 7375 T521 T0521", "TUR 7375 T521"),
    ("OPN 5191 A1 Aда", "OPN 5191 A1"),
    ("TUR 5191 T330 TUR 5191 T330", "TUR 5191 T330"),
    ("TUR5191T330TUR5191T330", "TUR 5191 T330"),
    ("TURT330TURT330", "TUR - T330"),
    ("TUR T330\nTUR 5191 T330", "TUR 5191 T330"),
    ("TUR 5191 5191 T330", "TUR 5191 T330"),
]

REFUSED = [
    ("OPN 5191 G1H7J2", 'OPN 5191 G1 J2 | unknown_option:H "7"'),
    ("OPN 5191 A1 B1,2", 'OPN 5191 A1 | unknown_option:B "1,2"'),
    ("OPN 5191 A 1 2", 'OPN 5191 | unknown_option:A "1 2"'),
    ("OPN 5191 A1.5", 'OPN 5191 | unknown_option:A "1.5"'),
    ("OPN 5191 A12", 'OPN 5191 | unknown_option:A "12"'),
    ("OPN 5191 A maybe B1", 'OPN 5191 B1 | unknown_option:A "maybe"'),
    ("OPN 5191 A B1", 'OPN 5191 B1 | unknown_option:A "A"'),
    ("OPN 5191 B1 A", 'OPN 5191 B1 | unknown_option:A "A"'),
    ("OPN 5191 Aда 5", 'OPN 5191 | unknown_option:A "да 5"'),
    ("OPN 5191 A1x B1", 'OPN 5191 B1 | unknown_option:A "1x"'),
    ("OPN 5191 A1Y4 B1", 'OPN 5191 B1 | unknown_option:A "1Y4"'),
    ("TUR 5191 T-330", 'TUR 5191 | not_a_number:T "-330"'),
    ("TUR 5191 T - 330", 'TUR 5191 | not_a_number:T "- 330"'),
    ("TUR 5191 T−330", 'TUR 5191 | not_a_number:T "−330"'),
    ("MID 5191 A1 B2 T-330", 'MID 5191 A1 B2 | not_a_number:T "-330"'),
    ("MID 5191 A-1 B2 T-330", 'MID 5191 A1 B2 | not_a_number:T "-330"'),
    ("MID 5191 A-1 B-2 T--330", 'MID 5191 A1 B2 | not_a_number:T "--330"'),
    ("MID 5191 A = 1, T = -330", 'MID 5191 A1 | not_a_number:T "-330"'),
    ("TUR 5191 T-330 T-330", 'TUR 5191 | not_a_number:T "-330" | not_a_number:T "-330"'),
    ("TUR 5191 T1.5", 'TUR 5191 | not_a_number:T "1.5"'),
    ("TUR 5191 T0,5", 'TUR 5191 | not_a_number:T "0,5"'),
    ("TUR 5191 T2 067", 'TUR 5191 | not_a_number:T "2 067"'),
    ("TUR 5191 T2\u00a0067", 'TUR 5191 | not_a_number:T "2\u00a0067"'),
    ("TUR 5191 T330-340", 'TUR 5191 | not_a_number:T "330-340"'),
    ("TUR 5191 T3👍30", 'TUR 5191 | not_a_number:T "3👍30"'),
    ("TUR 5191 T33 0O", 'TUR 5191 | not_a_number:T "33 0O"'),
    ("TUR 5191 T~330", 'TUR 5191 | not_a_number:T "~330"'),
    ("TUR 5191 T ≥ 330", 'TUR 5191 | not_a_number:T "≥ 330"'),
    ("TUR 5191 T33%", 'TUR 5191 | not_a_number:T "33%"'),
    ("TUR 5191 T33 %", 'TUR 5191 | not_a_number:T "33 %"'),
    ("TUR 5191 T14З0", 'TUR 5191 | not_a_number:T "14З0"'),
    ("TUR 5191 T14²", 'TUR 5191 | not_a_number:T "14²"'),
    ("TUR 5191 T1\u03365", 'TUR 5191 | not_a_number:T "1\u03365"'),
    ("TUR 5191 T½", 'TUR 5191 | unknown_field "T½"'),
    ("TUR 5191 T33B", 'TUR 5191 | not_a_number:T "33B"'),
    ("TUR 5191 T330people", 'TUR 5191 | not_a_number:T "330people"'),
    ("TUR 5191 T", 'TUR 5191 | not_a_number:T "T"'),
    ("TUR 5191 T about 300", 'TUR 5191 | not_a_number:T "about 300"'),
    ("TUR 5191 T33#0", 'TUR 5191 | not_a_number:T "33#"'),
    ("CLS 5191 T28# A1 B2", 'CLS 5191 | not_a_number:T "28#"'),
    ("CLS 5191 A2 B1 2T8", 'CLS 5191 A2 | unknown_option:B "1 2" | not_a_number:T "8"'),
    ("OPN 5191 H1JK2640", 'OPN 5191 H1 | unknown_option:J "J" | not_a_number:K "2640"'),
    ("TUR 5191 T99999", 'TUR 5191 | out_of_range:T "99999"'),
    ("TUR 5191 T99999999999999999999", 'TUR 5191 | out_of_range:T "99999999999999999999"'),
    ("OPN 5191 A1 B2 A2", 'OPN 5191 B2 | duplicate_field:A "A2"'),
    ("OPN 5191 A 2 yes", 'OPN 5191 | unknown_option:A "2 yes"'),
    ("CNT 5191 E2А F1", 'CNT 5191 F1 | unknown_option:E "2А"'),
    ("MID 5191 A=нaт B2", 'MID 5191 B2 | unknown_option:A "нaт"'),
    ("OPN5191HJ1НЕТK1083", 'OPN 5191 | unknown_option:H "H" | unknown_option:J "1НЕТK1083"'),
    ("PRT 5191 R9 P N2", 'PRT 5191 R9 | unknown_field "P" | not_a_number:N "P N2"'),
    ("PRT5191R15725G97X40", 'PRT 5191 X40 | out_of_range:R "15725" | not_a_number:G "97"'),
    (
        "PRT5191PM119N3X5PP5V9N7",
        'PRT 5191 X5 PP5 | not_a_number:PM "119N3" | not_a_number:V "9N7" | duplicate_field:N "N7"',
    ),
    ("OPN 5191 A1 A2 A3", 'OPN 5191 | unknown_option:A "3"'),
    ("OPN5191A1K1135A2", 'OPN 5191 K1135 | duplicate_field:A "A2"'),
    ("PRT 5191 R1V85 V517", 'PRT 5191 | not_a_number:R "1V85" | duplicate_field:V "V517"'),
    ("TUR 5191 T330 TUR 5191 T331", 'TUR 5191 | duplicate_field:T "T331"'),
    # Left-over words and codes.
    ("OPN 5191 A1 ZZ4", 'OPN 5191 A1 | unknown_field "ZZ4"'),
    ("OPN 5191 A1 ZZ = 4, B1", 'OPN 5191 A1 B1 | unknown_field "ZZ = 4"'),
    ("OPN5191A1K1886ZZ4", 'OPN 5191 A1 K1886 | unknown_field "ZZ4"'),
    ("PRT 5191 PX13DN18", 'PRT 5191 | not_a_number:PX "13DN18"'),
    ("OPN 5191 A1 all quiet", 'OPN 5191 A1 | unknown_field "all" | unknown_field "quiet"'),
    ("TUR 5191 TOO many", 'TUR 5191 | unknown_field "TOO" | unknown_field "many"'),
    ("TUR 5191 TOO", 'TUR 5191 | unknown_field "TOO"'),
    ("PRT 5191 R90 NO problems", 'PRT 5191 R90 | unknown_field "NO" | unknown_field "problems"'),
    ("OPN 5191 A1 B2 GO", 'OPN 5191 A1 B2 | unknown_field "GO"'),
    ("CLS 5191 A2 T28 OK", 'CLS 5191 A2 T28 | unknown_field "OK"'),
    ("ARR 5191 08:15", 'ARR 5191 | unknown_field "08:15"'),
    ("TUR 5191 330", 'TUR 5191 | unknown_field "330"'),
    ("TUR 5191 ILL", 'TUR 5191 | unknown_field "ILL"'),
    # A second form, a second station.
    ("TUR | 5191 | T330|", 'TUR 5191 | not_a_number:T "330|"'),
    ("PRT 5191 V33 OPN 5191 A1", 'PRT 5191 V33 | second_form "OPN"'),
    ("PRT5191V33OPN5191A1", 'PRT 5191 | not_a_number:V "33O" | second_form "OPN"'),
    ("MOB 2398 B1\nMIDA2B2", 'MOB 2398 B1 | second_form "MID"'),
    ("OPN 5191 A1 TUR T330", 'OPN 5191 A1 | second_form "TUR"'),
    ("OPN 5191 A1 TURT330", 'OPN 5191 A1 | second_form "TUR"'),
    ("OPN5191A1TUR5191T330", 'OPN 5191 A1 | second_form "TUR"'),
    ("OPN 5191 A1 INC 14 fight", 'OPN 5191 A1 | second_form "INC"'),
    ("OPN 5191 A1 TUR B7", 'OPN 5191 A1 | second_form "TUR"'),
    ("TUR 5191 5192 T330", 'TUR - T330 | unknown_station "5191 5192"'),
    ("TUR 5191 T330 TUR 5192 T330", 'TUR - T330 | unknown_station "5191"'),
    ("TUR 519 T330", "TUR 519 T330"),
    ("TUR 51910 T330", "TUR 51910 T330"),
    ("TUR 51 91 T330", 'TUR - T330 | unknown_station "51 91"'),
]

NOT_A_REPORT = [
    ("QQQ 6100 A2", '| unknown_form "QQQ"'),
    ("QQQ6100A2B1", '| unknown_form "QQQ"'),
    ("QQQ A1 B2", '| unknown_form "QQQ"'),
    ("qqq: а 1, в 2", '| unknown_form "qqq"'),
    ("QQQT15", '| unknown_form "QQQ"'),
    ("QQQ Al B1", '| unknown_form "QQQ"'),
    ("0PN 5191 A1", '| unknown_form "0PN"'),
    ("5191 OPN A1", '| unreadable "5191 OPN A1"'),
    ("OPNING is late", '| unreadable "OPNING is late"'),
    ("ARRIVED", '| unreadable "ARRIVED"'),
    ("middle of the day", '| unreadable "middle of the day"'),
    ("call me please", '| unreadable "call me please"'),
    ("bell 0555123456", '| unreadable "bell 0555123456"'),
    ("Здравствуйте, я на месте, что делать?", '| unreadable "Здравствуйте, я на месте, что делать?"'),
    ("", '| unreadable ""'),
    ("👍", '| unreadable "👍"'),
    ("???", '| unreadable "???"'),
    ("\u200b", '| unreadable "\u200b"'),
    ("# OPN 5191 A1", '| unreadable "# OPN 5191 A1"'),
]

INCIDENTS = [
    ("INC 5308 14 strangers at the table", "INC 5308 14 'strangers at the table'"),
    ("INC 14 strangers", "INC - 14 'strangers'"),
    ("inc530814 strangers", "INC 5308 14 'strangers'"),
    ("инц 5308,14: чужие люди, 2 урны # @", "INC 5308 14 'чужие люди, 2 урны # @'"),
    ("INC УИК 5308 14", "INC 5308 14 ''"),
    ("INC №5308 l4 text", "INC 5308 14 'text'"),
    ("INC 53O8 OI pressure", "INC 5308 01 'pressure'"),
    ("INC 5308 14 20 people", "INC 5308 14 '20 people'"),
    ("INC 14 20 people", "INC - 14 '20 people'"),
    ("INC 519 14 text", "INC 519 14 'text'"),
    ("INC 5308 99 text", "INC 5308 - 'text' | unknown_category \"99\""),
    ("INC 5308 5 text", "INC 5308 - 'text' | unknown_category \"5\""),
    ("INC 5308 people fighting", "INC 5308 - 'people fighting' | unknown_category \"\""),
    ("INC people fighting", "INC - - 'people fighting' | unknown_category \"\""),
    ("INC il pleut", "INC - - 'il pleut' | unknown_category \"\""),
    ("INC", "INC - - '' | unknown_category \"\""),
    ("INC 1234567 x", "INC - - 'x' | unknown_category \"1234567\""),
]

COMMANDS = [
    ("HELP", "help"),
    ("помощь!", "help"),
    ("/help", "help"),
    ("help opn", "help OPN"),
    ("жардам ОТК", "help OPN"),
    ("STATUS", "status"),
    ("/status@the_hub_bot", "status"),
    ("статус", "status"),
    ("ACK 12", "ack 12"),
    ("ack12", "ack 12"),
    ("ACK #12", "ack 12"),
    ("принял № 12", "ack 12"),
    ("ACK", "ack"),
    ("DONE 12", "done 12"),
    ("готово 12, все спокойно.", "done 12 все спокойно."),
    ("help me please", '| unreadable "help me please"'),
    ("done with counting", '| unreadable "done with counting"'),
    ("HELP A1", '| unknown_form "HELP"'),
]


@pytest.mark.parametrize(("text", "expected"), SOUND)
def test_a_sound_report_is_read(kyrgyz: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, kyrgyz)) == expected


@pytest.mark.parametrize(("text", "expected"), REFUSED)
def test_what_is_doubtful_is_refused_and_the_rest_read(kyrgyz: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, kyrgyz)) == expected


@pytest.mark.parametrize(("text", "expected"), NOT_A_REPORT)
def test_what_is_no_report_says_whether_it_looks_like_one(kyrgyz: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, kyrgyz)) == expected


@pytest.mark.parametrize(("text", "expected"), INCIDENTS)
def test_an_incident_is_read_with_its_words(kyrgyz: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, kyrgyz)) == expected


@pytest.mark.parametrize(("text", "expected"), COMMANDS)
def test_a_command_is_the_whole_message(kyrgyz: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, kyrgyz)) == expected


ARVENIAN = [
    ("SET 10001 H7:15 M13 A1 W12.5", "SET 10001 H07:15 M1,3 A1 W12.5"),
    ("SET 10001 H 0715, M 1,3, Aoui, W12,50", "SET 10001 H07:15 M1,3 A1 W12.5"),
    ("SET BV10001 H7.15 M3,1 Anon W0012", "SET 10001 H07:15 M1,3 A0 W12"),
    ("SET N° 10001 H715 M2 AO", "SET 10001 H07:15 M2 A0"),
    ("SET10001H715M231A1W3", "SET 10001 H07:15 M1,2,3 A1 W3"),
    ("SET H25:00", 'SET - | not_a_time:H "25:00"'),
    ("SET H7", 'SET - | not_a_time:H "7"'),
    ("SET H7 15", 'SET - | not_a_time:H "7 15"'),
    ("SET M14", 'SET - | unknown_option:M "14"'),
    ("SET M11", 'SET - | unknown_option:M "11"'),
    ("SET M1 3", 'SET - | unknown_option:M "1 3"'),
    ("SET W1,2,3", 'SET - | not_a_number:W "1,2,3"'),
    ("SET W-1", 'SET - | not_a_number:W "-1"'),
    ("SET W1000", 'SET - | out_of_range:W "1000"'),
    ("SET H-7:15", "SET - H07:15"),
    ("PV 10001 R90 V80 YA50 YB30 Z", "TAL 10001 R90 V80 YA50 YB30 Z1"),
    ("TAL 10001 Z R90", "TAL 10001 Z1 R90"),
    ("TAL10001ZR90", "TAL 10001 Z1 R90"),
    ("TAL Z1 R90", "TAL - Z1 R90"),
    ("TAL Z2", 'TAL - | unknown_option:Z "2"'),
]


@pytest.mark.parametrize(("text", "expected"), ARVENIAN)
def test_another_election_reads_its_own_codes_words_and_types(arvenian: Checklist, text: str, expected: str) -> None:
    assert told(grammar.read(text, arvenian)) == expected


def test_the_comment_is_kept_word_for_word(kyrgyz: Checklist) -> None:
    reading = grammar.read("CLS 5210 A2 B2 T198 @ связь плохая, 2 урны # A1", kyrgyz)
    assert isinstance(reading, ReportText)
    assert reading.comment == "связь плохая, 2 урны # A1"
    assert reading.answers["A"].value == "2"


def test_a_comment_may_touch_the_last_number(kyrgyz: Checklist) -> None:
    assert told(grammar.read("TUR 5191 T330#all quiet", kyrgyz)) == "TUR 5191 T330"


def test_answers_and_problems_point_into_the_raw_text(kyrgyz: Checklist) -> None:
    text = "О\u200bРN  №5191, A1️⃣ K14З0 ZZ4"
    reading = grammar.read(text, kyrgyz)
    assert isinstance(reading, ReportText)
    answer = reading.answers["A"]
    assert text[answer.start : answer.end] == "A1️⃣"
    assert [text[it.start : it.end] for it in reading.problems] == ["14З0", "ZZ4"]
    assert text[slice(*reading.station_span)] == "5191"


SUGGESTED = [
    ("TUR 5191 T14З0", "1430"),
    ("TUR 5191 T2 067", "2067"),
    ("TUR 5191 T-393", "393"),
    ("TUR 5191 T330%", "330"),
    ("TUR 5191 T33B", "338"),
    ("TUR 5191 T1.5", None),
    ("TUR 5191 T330-340", None),
    ("OPM 5191 A1", "OPN"),
    ("POPN 5191 A1", "OPN"),
    ("QQQ 5191 A1", None),
    ("5191 OPN A1 B2", "OPN 5191 A1 B2"),
    ("Hello! OPN 5191 A1", "OPN 5191 A1"),
    ("call me please", None),
    ("INC 5308 5 text", "05"),
]


@pytest.mark.parametrize(("text", "suggestion"), SUGGESTED)
def test_what_is_near_is_suggested_never_taken(kyrgyz: Checklist, text: str, suggestion: str | None) -> None:
    reading = grammar.read(text, kyrgyz)
    assert not isinstance(reading, CommandText)
    assert reading.problems[0].suggestion == suggestion


def test_a_suggestion_put_in_its_place_is_sound(kyrgyz: Checklist) -> None:
    text = "OPN 5191 K14З0"
    reading = grammar.read(text, kyrgyz)
    assert isinstance(reading, ReportText)
    [problem] = reading.problems
    mended = text[: problem.start] + (problem.suggestion or "") + text[problem.end :]
    assert told(grammar.read(mended, kyrgyz)) == "OPN 5191 K1430"


def test_a_flood_is_not_read(kyrgyz: Checklist) -> None:
    assert told(grammar.read("TUR 5191 T330 " * 1_000, kyrgyz)).startswith("| unreadable")


FLOODS = [
    "A",
    "A1",
    "OL",
    "K1",
    "A ",
    "1 ",
    "-",
    "ZZ4",
    "TUR5191",
    "T3%",
    "'",
    "жо",
    "A\u0301",
    "Aд",
    "#",
    "PX1R",
    "О1",
]


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("head", ["", "PRT 5191 ", "INC 5308 ", "QQQ", "DONE 1"])
def test_the_longest_text_of_any_kind_is_read_to_its_end(kyrgyz: Checklist, head: str, flood: str) -> None:
    text = (head + flood * grammar.LONGEST)[: grammar.LONGEST]
    assert grammar.read(text, kyrgyz)
