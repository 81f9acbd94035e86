"""One election: checklist, languages, wording, alert routing, analysis. Frozen; read from files by `configuration`."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from hub.checklist.definition import Checklist, Form, Frozen, Language, Text
from hub.election.alerting import Alerting


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone; one is called like Asia/Bishkek") from error
    return name


AnswerRef = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}\.[A-Z][A-Z0-9]{0,4}$")]  # OPN.K


Price = Annotated[float, Field(ge=0)]
PhoneNumber = Annotated[str, StringConstraints(pattern=r"^([+0-9][0-9 ()-]{1,24})?$")]


class Turnout(Frozen):
    """A ratio estimate: voters who received a ballot over voters on the list (METHOD 4)."""

    name: str
    title: Text = {}  # what people read in its place
    votes: AnswerRef
    registered: AnswerRef
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95


class Shares(Frozen):
    """Each part's share of a total (METHOD 4): parties of one ballot."""

    name: str
    total: AnswerRef
    parts: dict[str, AnswerRef]  # the party's name → its answer
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = None
    whole: bool = False  # the parts are all of the total, so that they must add up to it


class Group(Frozen):
    """Stations of which every figure can be told apart: by number, by district, by region, or any of these."""

    name: Text
    stations: tuple[str, ...] = ()
    districts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


class Quality(Frozen):
    """When a value is flagged for a person to verify, and when a test over the sample is called odd."""

    turnout_over: Annotated[float, Field(gt=0, le=1)] = 0.95
    outlying: Annotated[float, Field(gt=0)] = 3.5  # modified z-score among the stations of its district
    neighbours: Annotated[int, Field(ge=3)] = 5  # other stations that must be there to compare with
    digits_from: Annotated[int, Field(ge=10)] = 100  # the last digit of smaller counts is not evenly spread
    digits_least: Annotated[int, Field(ge=10)] = 50  # counts that a test needs
    digits_chance: Annotated[float, Field(gt=0, lt=0.5)] = 0.01


class ReleaseRule(Frozen):
    """The share of drawn stations that must have reported, in every stratum and overall."""

    stratum: float
    overall: float


class Analysis(Frozen):
    """What is estimated. `domains`: forms that rest on only some of the stations (METHOD 7)."""

    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    domains: tuple[str, ...] = ()
    turnout: tuple[Turnout, ...] = ()
    shares: tuple[Shares, ...] = ()
    reconciled_form: str | None = None  # the protocol, compared with the official results
    groups: dict[str, Group] = {}  # key → stations to be told apart
    remarks: dict[AnswerRef, Text] = {}  # question → what is printed beside its table
    quality: Quality = Quality()
    process_release: ReleaseRule = ReleaseRule(stratum=0.80, overall=0.90)
    results_release: ReleaseRule = ReleaseRule(stratum=0.90, overall=0.95)


class Late(Frozen):
    """Minutes after a form was due: the observer is reminded, is to be called, the coordinator is told."""

    nudge: Annotated[int, Field(gt=0)] = 15
    call: Annotated[int, Field(gt=0)] = 30
    coordinator: Annotated[int, Field(gt=0)] = 60


class Proof(Frozen):
    """What needs a code from its observer at the end of the text: these forms, and critical incidents or none.

    `by`: a PIN that holds all day, or the lines of a printed sheet, each good once.
    """

    forms: tuple[str, ...] = ()
    incidents: Literal["none", "critical"] = "none"
    by: Literal["pin", "sheet"] = "pin"

    @property
    def asked(self) -> bool:
        return bool(self.forms) or self.incidents != "none"


class Sample(Frozen):
    """How the sample was drawn, so that anyone can draw it again (METHOD 2). `seed` is None where nobody kept it;
    `source` then says where the sample is published."""

    n: Annotated[int, Field(gt=0)]
    seed: int | None = None
    order: tuple[Literal["stratum"], Literal["district"], Literal["station"]] = ("stratum", "district", "station")
    source: str = ""


class Election(Frozen):
    """The whole configuration but for the frame and the people, which are tables of their own."""

    key: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    name: Text
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]  # how local phone numbers are spelt
    timezone: Annotated[str, AfterValidator(_zone)]
    default_language: Language
    checklist: Checklist
    replies: dict[str, Text]  # key → wording in each language, with {placeholders}
    alerting: Alerting
    analysis: Analysis
    sample: Sample | None = None
    late: Late = Late()
    verify: Annotated[int, Field(ge=0, le=3)] = 0  # incidents so grave (1: critical) are verified by phone
    proof: Proof = Proof()
    dialog: tuple[Literal["telegram", "sms", "whatsapp"], ...] = ("telegram",)  # where the hub asks the next question
    number: PhoneNumber = ""  # where observers text to, and whom they call; as their guide prints them
    hotline: PhoneNumber = ""
    guide: dict[str, Text] = {}  # key → what the pocket guide says, where there is one
    # Of one outgoing SMS segment, in any currency; or of each gateway's, by its name.
    segment_price: Price | dict[str, Price] | None = None

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def due_at(self, form: Form) -> datetime:
        """When a form is due, in UTC. What is not here a moment later is late."""
        return datetime.combine(form.day, form.due, self.zone).astimezone(UTC)

    def price(self, gateway: str = "") -> float | None:
        """Of an SMS segment by a gateway, by the dearest where none is named; None where nobody said."""
        match self.segment_price:
            case dict(prices):
                return prices.get(gateway) if gateway else max(prices.values(), default=None)
            case price:
                return price

    def language(self, wanted: str) -> str:
        return wanted if wanted in self.checklist.languages else self.default_language
