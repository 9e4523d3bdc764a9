"""Build the question sets about figures: people's words, and truth from the table alone.

Shares no code with the planner: rows are read with the csv module and every expectation is
computed here. The draw has a fixed seed, so the files are the same on every machine.

    python tools/build_fact_questions.py

Each line of `corpus/colleges/questions/*.jsonl` is one question: `id`, `question`, `operation`,
`history` (the questions asked before it, if any) and `expect`, which is one of

- `{"rows": [...], "cells": {column: [...]}}`: these spreadsheet rows (the header is row 1) and
  these figures; `"total"` says how many fit, `"ordered"` whether the order counts, `"exact"`
  whether no other column may be shown, `"says"` what the sentences must hold;
- `{"value": x, "over": n}`: one number over n rows that have a figure (`over` is left out for a
  count);
- `"abstain"`: nothing may be presented as the answer; `"not planned"`: the planner stays silent.
"""

# ruff: noqa: E501  (a question stands on one line)

from __future__ import annotations

import csv
import json
import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

PACK = Path(__file__).parent.parent / "corpus" / "colleges"
SEED = 20261121
PAGE = 10

Row = dict[str, str]
Fits = Callable[[Row], bool]

TUITION = ("tuition_in_state", "tuition_out_of_state")
IN_STATE, OUT_OF_STATE = TUITION
STUDENTS, UNDERGRADS, GRADS = "enrollment_total", "enrollment_undergraduate", "enrollment_graduate"
GRAD_4, GRAD_6 = "graduation_rate_4_year", "graduation_rate_6_year"
EARN_6, EARN_10 = "earnings_6_years", "earnings_10_years"
ADMIT, SAT = "admission_rate", "sat_average"
NUMERIC = {*TUITION, STUDENTS, UNDERGRADS, GRADS, GRAD_4, GRAD_6, EARN_6, EARN_10, ADMIT, SAT}

# What people call a college, and its name in the table.
CALLED = {
    "UCLA": "University of California-Los Angeles",
    "ucla": "University of California-Los Angeles",
    "UC Berkeley": "University of California-Berkeley",
    "Cal": "University of California-Berkeley",
    "univ of california berkley": "University of California-Berkeley",
    "UCSD": "University of California-San Diego",
    "UC Davis": "University of California-Davis",
    "UC Irvine": "University of California-Irvine",
    "stanford": "Stanford University",
    "Stanfrod": "Stanford University",
    "Harvard": "Harvard University",
    "havard": "Harvard University",
    "yale": "Yale University",
    "Princton": "Princeton University",
    "MIT": "Massachusetts Institute of Technology",
    "mit": "Massachusetts Institute of Technology",
    "Caltech": "California Institute of Technology",
    "georgia tech": "Georgia Institute of Technology-Main Campus",
    "UGA": "University of Georgia",
    "Emory": "Emory University",
    "Duke": "Duke University",
    "Vanderbilt": "Vanderbilt University",
    "vanderbuilt": "Vanderbilt University",
    "Ohio State": "Ohio State University-Main Campus",
    "the ohio state university": "Ohio State University-Main Campus",
    "penn state": "Pennsylvania State University-Main Campus",
    "Purdue": "Purdue University-Main Campus",
    "UT Austin": "The University of Texas at Austin",
    "Texas Tech": "Texas Tech University",
    "Baylor": "Baylor University",
    "Rice": "Rice University",
    "Texas State": "Texas State University",
    "UMich": "University of Michigan-Ann Arbor",
    "Michigan State": "Michigan State University",
    "University of Florida": "University of Florida",
    "univeristy of florida": "University of Florida",
    "Florida State": "Florida State University",
    "UCF": "University of Central Florida",
    "NYU": "New York University",
    "Columbia University": "Columbia University in the City of New York",
    "Boston University": "Boston University",
    "Boston College": "Boston College",
    "Northeastern": "Northeastern University",
    "Howard": "Howard University",
    "Spelman": "Spelman College",
    "Morehouse": "Morehouse College",
    "Villanova": "Villanova University",
    "vilanova": "Villanova University",
    "Reed College": "Reed College",
    "Oberlin": "Oberlin College",
    "Auburn": "Auburn University",
    "Virginia Tech": "Virginia Polytechnic Institute and State University",
    "UVA": "University of Virginia-Main Campus",
    "Johns Hopkins": "Johns Hopkins University",
    "john hopkins": "Johns Hopkins University",
    "carnegie melon": "Carnegie Mellon University",
    "Carnegie Mellon": "Carnegie Mellon University",
    "Notre Dame": "University of Notre Dame",
    "Georgetown": "Georgetown University",
    "Gorgetown": "Georgetown University",
    "Tulane": "Tulane University of Louisiana",
    "Miami Dade": "Miami Dade College",
    "Santa Monica College": "Santa Monica College",
    "Valencia College": "Valencia College",
    "Oregon State University": "Oregon State University",
    "uw madison": "University of Wisconsin-Madison",
    "University of Vermont": "University of Vermont",
    "San Jose State": "San Jose State University",
    "sdsu": "San Diego State University",
    "George Mason": "George Mason University",
    "Syracuse": "Syracuse University",
    "Clemson": "Clemson University",
    "Smith College": "Smith College",
    "Wellesley": "Wellesley College",
    "Brigham Young University-Idaho": "Brigham Young University-Idaho",
    "iowa state": "Iowa State University",
    "Kansas State": "Kansas State University",
    "University of Kentucky": "University of Kentucky",
    "Montana State University": "Montana State University",
    "Boise State": "Boise State University",
    "Western Governors": "Western Governors University",
    "Salish Kootenai College": "Salish Kootenai College",
}
STATES = {
    "Texas": "TX", "Ohio": "OH", "California": "CA", "Georgia": "GA", "Vermont": "VT",
    "North Carolina": "NC", "New York": "NY", "Florida": "FL", "Illinois": "IL", "Oregon": "OR",
    "Massachusetts": "MA", "Pennsylvania": "PA", "Virginia": "VA", "Wisconsin": "WI",
    "Alabama": "AL", "Colorado": "CO", "Arizona": "AZ", "Minnesota": "MN", "Michigan": "MI",
    "New Jersey": "NJ", "Tennessee": "TN", "Maine": "ME", "Kansas": "KS", "Iowa": "IA",
    "South Carolina": "SC", "Missouri": "MO", "Louisiana": "LA", "Indiana": "IN",
}  # fmt: skip
NEW_ENGLAND = {"CT", "ME", "MA", "NH", "RI", "VT"}
WEST_COAST = {"CA", "OR", "WA"}
MIDWEST = {"IL", "IN", "IA", "KS", "MI", "MN", "MO", "NE", "ND", "OH", "SD", "WI"}
PUBLIC, PRIVATE = "public", "private nonprofit"


# --- the table --------------------------------------------------------------------------------


class Table:
    """The rows of the table, and what questions about them expect."""

    def __init__(self, path: Path) -> None:
        with path.open(encoding="utf-8") as file:
            self.rows = list(csv.DictReader(file))
        self.numbers = {id(row): n for n, row in enumerate(self.rows, start=2)}

    def named(self, name: str) -> Row:
        """Return the one row of a name."""
        (row,) = [row for row in self.rows if row["name"] == name]
        return row

    def cells(
        self,
        rows: Sequence[Row],
        columns: Iterable[str],
        *,
        ordered: bool = False,
        exact: bool = True,
        **more: Any,
    ) -> dict[str, Any]:
        """Expect these rows with these columns."""
        return {
            "rows": [self.numbers[id(row)] for row in rows],
            "cells": {column: [cell(row, column) for row in rows] for column in columns},
            "ordered": ordered,
            "exact": exact,
            **more,
        }

    def listed(
        self,
        fits: Fits,
        column: str = "",
        highest: bool = False,
        limit: int = PAGE,
        columns: Sequence[str] = (),
    ) -> dict[str, Any]:
        """Expect the first page of a list: by a column, or the largest colleges first."""
        rows = [row for row in self.rows if fits(row) and (not column or row[column])]
        rows.sort(key=lambda r: (-float(r[STUDENTS] or -1), r["name"]))
        if column:
            rows.sort(key=lambda r: float(r[column]), reverse=highest)
        if not rows:
            raise ValueError("a list that nothing fits")
        shown = dict.fromkeys([*([column] if column else []), *columns])
        return self.cells(rows[:limit], shown, ordered=True, exact=False, total=len(rows))

    def counted(self, fits: Fits) -> dict[str, Any]:
        """Expect how many fit."""
        return {"value": sum(fits(row) for row in self.rows)}

    def summed(self, function: str, column: str, fits: Fits) -> dict[str, Any]:
        """Expect a function of a column."""
        figures = [float(row[column]) for row in self.rows if fits(row) and row[column]]
        functions = {"average": statistics.fmean, "median": statistics.median, "total": sum}
        return {"value": round(functions[function](figures), 4), "over": len(figures)}


def cell(row: Row, column: str) -> float | str | None:
    """Return a value as the table means it; None where nothing is reported."""
    if not row[column]:
        return None
    return float(row[column]) if column in NUMERIC else row[column]


def above(column: str, bound: float) -> Fits:
    """Fit what has more than a bound."""
    return lambda row: bool(row[column]) and float(row[column]) > bound


def least(column: str, bound: float) -> Fits:
    """Fit what has no less than a bound."""
    return lambda row: bool(row[column]) and float(row[column]) >= bound


def below(column: str, bound: float) -> Fits:
    """Fit what has less than a bound."""
    return lambda row: bool(row[column]) and float(row[column]) < bound


def most(column: str, bound: float) -> Fits:
    """Fit what has no more than a bound."""
    return lambda row: bool(row[column]) and float(row[column]) <= bound


def has(column: str, *values: str) -> Fits:
    """Fit what has one of these values."""
    return lambda row: row[column] in values


def every(*conditions: Fits) -> Fits:
    """Fit what fits all conditions."""
    return lambda row: all(fits(row) for fits in conditions)


def anything(_: Row) -> bool:
    """Fit everything."""
    return True


# --- questions --------------------------------------------------------------------------------

Question = tuple[str, list[str], list[str], Any]  # operation, phrasings, history, expectation

# column(s), and how people ask about one college
LOOKUPS: list[tuple[tuple[str, ...], list[list[str]]]] = [
    ((IN_STATE,), [
        ["What is the in-state tuition at {a}?", "how much does {a} charge residents",
         "{a} instate tuition"],
        ["how much is {a} for in state students", "in-state price at {a}?",
         "whats {a} cost if im a resident"],
    ]),
    ((OUT_OF_STATE,), [
        ["What is out-of-state tuition at {a}?", "{a} out of state cost",
         "how much is {a} for out of staters"],
        ["What would {a} cost a nonresident?", "tuition at {a} for someone from another state",
         "oos tuition {a}"],
    ]),
    (TUITION, [
        ["How much is tuition at {a}?", "{a} tuition", "whats the sticker price of {a}"],
        ["what does {a} cost per year", "How expensive is {a}?", "tuition and fees {a} pls"],
        ["how much $$ is {a} a year", "price tag for {a}", "How much does it cost to go to {a}?"],
    ]),
    ((STUDENTS,), [
        ["How many students go to {a}?", "{a} enrollment", "how big is {a}"],
        ["what's the size of the student body at {a}", "number of students at {a}?",
         "hey how many kids go to {a}"],
        ["How large is {a}?", "total enrollment {a}", "how many people attend {a}"],
    ]),
    ((UNDERGRADS,), [
        ["How many undergrads does {a} have?", "{a} undergraduate enrollment",
         "number of undergraduates at {a}"],
    ]),
    ((GRADS,), [
        ["How many grad students does {a} have?", "{a} graduate enrollment",
         "number of graduate students at {a}"],
    ]),
    ((GRAD_4,), [
        ["What share of students finish in four years at {a}?", "{a} 4 year grad rate",
         "how many graduate on time at {a}"],
    ]),
    ((GRAD_6,), [
        ["What is the graduation rate at {a}?", "{a} grad rate", "how many students graduate from {a}"],
        ["six year graduation rate of {a}", "what percent of students actually graduate from {a}",
         "completion rate at {a}?"],
    ]),
    ((EARN_6,), [
        ["What is the starting salary for {a} grads?", "earnings after 6 years {a}",
         "how much do {a} students make six years after entry"],
    ]),
    ((EARN_10,), [
        ["What do {a} graduates earn?", "{a} median salary", "how much money do {a} grads make"],
        ["do {a} graduates earn well?", "earnings 10 years after starting at {a}",
         "how much do people who went to {a} make"],
    ]),
    ((ADMIT,), [
        ["What is the acceptance rate at {a}?", "{a} admission rate", "how hard is it to get into {a}"],
        ["what percentage of applicants does {a} accept", "whats {a}s acceptance rate",
         "How selective is {a}?"],
        ["acceptence rate {a}", "how hard is {a} to get into", "{a} admit rate?"],
    ]),
    ((SAT,), [
        ["What is the average SAT at {a}?", "{a} sat score", "what SAT do I need for {a}"],
        ["sat scores at {a}", "typical SAT for {a}?", "avg sat {a}"],
    ]),
    (("city",), [
        ["Which city is {a} in?", "where is {a} located", "what town is {a} in"],
    ]),
    (("state",), [
        ["Which state is {a} in?", "what state is {a} in", "in what state is {a}"],
    ]),
    (("control",), [
        ["Is {a} public or private?", "{a}: private or public", "is {a} a private school"],
        ["Is {a} a public university?", "is {a} private?", "public or private: {a}"],
    ]),
    (("level",), [
        ["Is {a} a two-year or four-year college?", "is {a} a four-year college?",
         "{a} 2-year or 4-year"],
    ]),
    (("hbcu",), [
        ["Is {a} an HBCU?", "is {a} a historically black college", "{a} hbcu?"],
    ]),
    (("website",), [
        ["What is the web address of {a}?", "{a} website", "link to {a}s web page"],
    ]),
]  # fmt: skip

SEVERAL: list[tuple[tuple[str, ...], list[str]]] = [
    ((ADMIT, SAT), ["acceptance rate and average SAT at {a}", "{a} admit rate + sat scores",
                    "What are the admission rate and the SAT average of {a}?"]),
    ((GRAD_6, EARN_10), ["{a} graduation rate and earnings", "grad rate and salary for {a}?",
                         "What are {a}'s graduation rate and median earnings?"]),
    ((STUDENTS, *TUITION), ["how many students at {a} and what is tuition",
                            "{a} enrollment and tuition", "size and tuition of {a}?"]),
    ((IN_STATE, OUT_OF_STATE), ["in-state and out-of-state tuition at {a}",
                                "{a} in state vs out of state tuition",
                                "What do residents and nonresidents pay at {a}?"]),
    ((GRAD_4, GRAD_6), ["four year and six year grad rate at {a}",
                        "{a} 4-year graduation rate and 6-year graduation rate",
                        "4 year vs 6 year graduation rates {a}"]),
    ((UNDERGRADS, GRADS), ["how many undergrads and grad students does {a} have",
                           "{a} undergraduate enrollment, graduate enrollment",
                           "undergraduates and graduate students at {a}?"]),
    (("city", STUDENTS), ["where is {a} and how many students does it have",
                          "what city is {a} in and how big is it", "{a} location and enrollment"]),
    ((IN_STATE, GRAD_6, ADMIT), ["{a} instate tuition, grad rate, acceptance rate",
                                 "in-state tuition, graduation rate and admission rate of {a}",
                                 "for {a} i need in state tuition, graduation rate and admit rate"]),
]  # fmt: skip

COMPARISONS: list[tuple[tuple[str, ...], int, list[str]]] = [
    ((IN_STATE,), 2, ["Compare in-state tuition at {a} and {b}", "{a} vs {b} instate tuition",
                      "how do {a} and {b} compare on in-state tuition"]),
    ((ADMIT,), 2, ["{a} vs {b} acceptance rate", "Is {a} or {b} harder to get into?",
                   "difference in admission rate between {a} and {b}"]),
    ((STUDENTS,), 2, ["Which has more students, {a} or {b}?", "{a} or {b}, which is bigger",
                      "Is {a} bigger than {b}?"]),
    ((EARN_10,), 2, ["Do graduates of {a} earn more than graduates of {b}?",
                     "salary {a} vs {b}", "who makes more money, {a} or {b} grads"]),
    ((GRAD_6,), 2, ["How do the graduation rates of {a} and {b} compare?",
                    "{a} {b} grad rates", "grad rate at {a} compared to {b}"]),
    ((OUT_OF_STATE,), 2, ["{a} or {b} out of state tuition?",
                          "what would an out of state student pay at {a} vs {b}",
                          "compare nonresident tuition {a} and {b}"]),
    ((SAT,), 2, ["sat scores {a} vs {b}", "Which has the higher average SAT, {a} or {b}?",
                 "average SAT at {a} versus {b}"]),
    ((GRAD_6, EARN_10), 2, ["{a} or {b}: graduation rate and earnings",
                            "compare {a} and {b} on grad rate and salary",
                            "{a} vs {b}, graduation rates and what grads make"]),
    ((ADMIT, SAT, IN_STATE), 3, [
        "Compare {a}, {b} and {c} by admission rate, SAT and in-state tuition",
        "{a} vs {b} vs {c}: acceptance rate, sat score, in state tuition",
        "acceptance rate, average SAT and in-state tuition for {a}, {b}, {c}"]),
    ((STUDENTS,), 3, ["how many students at {a}, {b} and {c}", "enrollment: {a}, {b}, {c}",
                      "Compare the size of the student body at {a}, {b} and {c}"]),
    (TUITION, 3, ["tuition at {a}, {b} and {c}", "compare tuition {a} {b} {c}",
                  "how much do {a}, {b} and {c} cost per year"]),
    ((ADMIT,), 5, ["admission rates of {a}, {b}, {c}, {d} and {e}",
                   "compare acceptance rates: {a}, {b}, {c}, {d}, {e}",
                   "{a} {b} {c} {d} {e} acceptance rate"]),
    ((EARN_10,), 8, ["earnings at {a}, {b}, {c}, {d}, {e}, {f}, {g} and {h}",
                     "Compare median salaries of {a}, {b}, {c}, {d}, {e}, {f}, {g}, {h}",
                     "{a} / {b} / {c} / {d} / {e} / {f} / {g} / {h} salary"]),
]  # fmt: skip

# column, highest first, number of colleges
SUPERLATIVES: list[tuple[str, bool, int, list[str]]] = [
    (IN_STATE, False, 3, ["cheapest of {a}, {b} and {c}", "which is cheapest: {a}, {b} or {c}",
                          "Which of {a}, {b} and {c} has the lowest in-state tuition?"]),
    (STUDENTS, True, 3, ["largest of {a}, {b} and {c}", "which is the biggest, {a}, {b} or {c}?",
                         "who has the most students: {a}, {b}, {c}"]),
    (ADMIT, False, 3, ["most selective of {a}, {b} and {c}",
                       "which is hardest to get into, {a}, {b} or {c}",
                       "Which of {a}, {b} and {c} has the lowest acceptance rate?"]),
    (EARN_10, True, 4, ["highest paid grads: {a}, {b}, {c} or {d}",
                        "which of {a}, {b}, {c} and {d} has the highest earnings",
                        "whose graduates earn the most: {a}, {b}, {c} or {d}?"]),
    (GRAD_6, True, 2, ["who has the best graduation rate, {a} or {b}",
                       "which has the highest graduation rate: {a} or {b}?",
                       "highest grad rate {a} or {b}"]),
]  # fmt: skip

# column, and questions of which `a` is dearer/bigger than `b`
DIFFERENCES: list[tuple[str, list[str]]] = [
    (IN_STATE, ["How much more expensive is {a} than {b} for residents?",
                "how much cheaper is {b} than {a} in state",
                "difference in in-state tuition between {a} and {b}"]),
    (IN_STATE, ["Is {b} cheaper than {a}?", "how much more expensive is {a} than {b}",
                "by how much is {a} more expensive than {b}"]),
    (OUT_OF_STATE, ["how much more does {a} cost than {b} out of state",
                    "out-of-state price difference {a} vs {b}",
                    "What is the difference in out-of-state tuition between {a} and {b}?"]),
    (STUDENTS, ["How many more students does {a} have than {b}?",
                "how much bigger is {a} than {b}", "how many times bigger is {a} than {b}"]),
    (EARN_10, ["How much more do {a} grads earn than {b} grads?",
               "difference in earnings between {a} and {b}",
               "how much higher is the salary at {a} than at {b}"]),
]  # fmt: skip

TEXTS = {IN_STATE: "${:,.0f}", OUT_OF_STATE: "${:,.0f}", STUDENTS: "{:,.0f}", EARN_10: "${:,.0f}"}

STRANGERS = [
    "Hogwarts", "University of Atlantis", "Springfield State University", "Oxford University",
    "Starfleet Academy", "Wakanda Tech", "Trump University", "Greendale Community College",
    "University of Toronto", "Cambridge University", "Monsters University", "Xavier Institute for Gifted Youngsters",
]  # fmt: skip

UNKNOWN_FIELDS = [
    ["dorm size at {a}", "how big are the dorms at {a}?", "{a} dorm size"],
    ["student faculty ratio at {a}", "What is the student-to-faculty ratio at {a}?",
     "{a} class size"],
    ["how many books in the {a} library", "{a} meal plan cost", "parking fee at {a}"],
    ["Who is the president of {a}?", "{a} application deadline", "when does {a} send decisions"],
    ["average gpa at {a}", "{a} ACT score", "What ACT do I need for {a}?"],
    ["how much is room and board at {a}", "housing costs {a}", "{a} net price for low income families"],
    ["crime rate at {a}", "is the campus at {a} safe", "{a} football stadium capacity"],
    ["{a} tuition in 1998", "what was the acceptance rate of {a} in 2015", "{a} tuition next year"],
    ["{a} law school acceptance rate", "salary for computer science majors at {a}",
     "mba tuition at {a}"],
    ["percent of women at {a}", "how many international students at {a}",
     "{a} student body by race"],
]  # fmt: skip

PROSE = [
    ["is it better to go in state or out of state?", "should i go to a public or private college",
     "Are private colleges worth the tuition?"],
    ["How do I apply to college?", "how does financial aid work", "what is the FAFSA"],
    ["What is the difference between early action and early decision?",
     "whats net price vs sticker price", "what is a good SAT score"],
    ["How many colleges should I apply to?", "do colleges look at senior year grades",
     "can i transfer from a community college to a university"],
    ["why is out of state tuition so expensive", "How do I become a resident for tuition?",
     "what counts as in state for tuition purposes"],
    ["does the pell grant cover tuition", "When is the FAFSA due?",
     "how do i compare financial aid offers from two colleges"],
    ["What is a HBCU?", "what is a liberal arts college", "what does test optional mean"],
    ["is early decision binding", "how many letters of recommendation do I need",
     "what do admissions officers look for"],
    ["how do ap credits transfer", "what is work study", "What happens if I miss the deadline?"],
    ["how are graduation rates measured", "why do earnings differ between colleges",
     "what does acceptance rate mean"],
    ["can international students get financial aid", "do i have to pay back a pell grant",
     "is a cheap college worse"],
    ["best way to pay for college", "how to write a college essay",
     "what should i bring to a college visit"],
    ["my parents make 80k, will i get aid", "i have a 3.2 gpa, where can i get in",
     "how much debt is too much for a bachelors degree"],
]  # fmt: skip

LIST_UNKNOWN = [
    ["colleges with the best food", "best party schools in Florida",
     "which colleges have the nicest dorms"],
    ["colleges in Texas with a good nursing program", "best engineering schools",
     "top business schools in California"],
    ["schools with a marching band in Ohio", "cheapest colleges with a rowing team",
     "universities with a football team under 10k tuition"],
    ["colleges near the beach", "colleges with good weather", "which schools are lgbt friendly"],
    ["cheapest law schools in New York", "largest medical schools",
     "online mba programs under 20k"],
    ["colleges with an average ACT over 30", "schools with more than 40% women in Texas",
     "colleges in Toronto with low tuition"],
    ["how many states have HBCUs", "number of colleges by state",
     "how many cities in Texas have colleges"],
    ["largest college in each state", "average tuition by state",
     "cheapest public college of every state"],
    ["compare public and private colleges by graduation rate",
     "average tuition public vs private", "are public colleges cheaper than private colleges"],
    ["colleges in Texas cheaper than Rice", "colleges with more students than UCLA",
     "schools harder to get into than Duke"],
    ["colleges not in Texas", "public schools outside of California under 10k",
     "colleges in Texas but not in Houston"],
    ["public college in Texas with highest earnings and lowest tuition",
     "cheapest ivy league school", "cheapest seminaries in Texas"],
    ["is UCLA in the top 10 most selective", "what rank is UCLA by enrollment",
     "Rice University's ranking"],
]  # fmt: skip


def in_state(code: str) -> Fits:
    """Return the condition that a row is of this state."""
    return has("state", code)


public, private = has("control", PUBLIC), has("control", PRIVATE)
four, two = has("level", "four-year"), has("level", "two-year")
hbcu, tribal = has("hbcu", "yes"), has("tribal_college", "yes")


def alone(operation: str, phrasings: list[str], expect: Any) -> Question:
    """Return a question that stands alone."""
    return operation, phrasings, [], expect


def filters(table: Table) -> Iterator[Question]:
    """Yield questions for conditions, written down one by one."""
    for state, code in [("Oregon", "OR"), ("Alabama", "AL"), ("New Jersey", "NJ"), ("Maine", "ME")]:
        yield alone(
            "filter",
            [
                f"List the public universities in {state}",
                f"public colleges in {state.lower()}",
                f"what are the public schools in {code}?",
            ],
            table.listed(every(public, in_state(code))),
        )
    for state, code in [("Georgia", "GA"), ("North Carolina", "NC"), ("Texas", "TX")]:
        yield alone(
            "filter",
            [
                f"HBCUs in {state}",
                f"show me historically black colleges in {code}",
                f"what hbcus are there in {state.lower()}",
            ],
            table.listed(every(hbcu, in_state(code))),
        )
    yield alone(
        "filter",
        [
            "Tribal colleges in Montana",
            "list tribal colleges in MT",
            "which tribal colleges are there in montana?",
        ],
        table.listed(every(tribal, in_state("MT"))),
    )
    yield alone(
        "filter",
        [
            "community colleges in Vermont or Maine or New Hampshire",
            "Which community colleges are in VT, NH or ME?",
            "two year colleges in vermont, maine and new hampshire",
        ],
        table.listed(every(two, has("state", "VT", "ME", "NH"))),
    )
    yield alone(
        "filter",
        [
            "private four-year colleges in New England with fewer than 1000 students",
            "4 year private schools in new england under 1,000 students",
            "Which private four-year colleges in New England have less than 1000 students?",
        ],
        table.listed(
            every(private, four, has("state", *NEW_ENGLAND), below(STUDENTS, 1000)),
            columns=[STUDENTS],
        ),
    )
    yield alone(
        "filter",
        [
            "Which private colleges charge less than $10,000 a year?",
            "private colleges under 10k",
            "private schools with tuition below $10,000",
        ],
        table.listed(every(private, below(IN_STATE, 10_000)), columns=[IN_STATE]),
    )
    yield alone(
        "filter",
        [
            "Colleges in Boston with more than 10,000 students",
            "schools in boston with over 10k students",
            "which universities in Boston have 10000+ students",
        ],
        table.listed(every(has("city", "Boston"), above(STUDENTS, 10_000)), columns=[STUDENTS]),
    )
    yield alone(
        "filter",
        [
            "Schools with an average SAT above 1500",
            "colleges where the avg SAT is over 1500",
            "universities with sat scores higher than 1500",
        ],
        table.listed(above(SAT, 1500), columns=[SAT]),
    )
    yield alone(
        "filter",
        [
            "Which public universities admit more than 95 percent of applicants?",
            "public colleges with acceptance rate over 95%",
            "public schools w/ admission rate above 95 percent",
        ],
        table.listed(every(public, above(ADMIT, 95)), columns=[ADMIT]),
    )
    yield alone(
        "filter",
        [
            "colleges with an acceptance rate under 6%",
            "schools that accept less than 6%",
            "Which colleges admit fewer than 6% of applicants?",
        ],
        table.listed(below(ADMIT, 6), columns=[ADMIT]),
    )
    yield alone(
        "filter",
        [
            "colleges in California with a graduation rate of at least 90%",
            "CA schools with grad rates >= 90%",
            "which california colleges graduate 90% or more of their students",
        ],
        table.listed(every(in_state("CA"), least(GRAD_6, 90)), columns=[GRAD_6]),
    )
    yield alone(
        "filter",
        [
            "public colleges in Florida with tuition between 3 and 4 thousand",
            "public florida colleges costing between $3,000 and $4,000",
            "public schools in FL, tuition 3k-4k",
        ],
        table.listed(
            every(public, in_state("FL"), least(IN_STATE, 3000), most(IN_STATE, 4000)),
            columns=[IN_STATE],
        ),
    )
    yield alone(
        "filter",
        [
            "colleges where graduates earn more than $100,000",
            "schools where grads make over 100k",
            "which universities have earnings above 100 thousand",
        ],
        table.listed(above(EARN_10, 100_000), columns=[EARN_10]),
    )
    yield alone(
        "filter",
        [
            "large public universities on the West Coast",
            "big public schools on the west coast",
            "list large public colleges in the west coast states",
        ],
        table.listed(every(public, has("state", *WEST_COAST), least(STUDENTS, 15_000))),
    )
    yield alone(
        "filter",
        [
            "small private colleges in Ohio",
            "list small private schools in OH",
            "which small private universities are in ohio",
        ],
        table.listed(every(private, in_state("OH"), below(STUDENTS, 5000))),
    )
    yield alone(
        "filter",
        [
            "public universities in Texas with out-of-state tuition under $15,000",
            "texas public colleges with out of state tuition below 15k",
            "public schools in TX where out of state students pay less than 15000",
        ],
        table.listed(
            every(public, in_state("TX"), below(OUT_OF_STATE, 15_000)), columns=[OUT_OF_STATE]
        ),
    )
    yield alone(
        "filter",
        [
            "universities with at least 50,000 students",
            "schools with 50k or more students",
            "which universities have 50,000+ students?",
        ],
        table.listed(least(STUDENTS, 50_000), columns=[STUDENTS]),
    )
    yield alone(
        "filter",
        [
            "colleges in New York City",
            "schools in new york city",
            "which universities are in New York City?",
        ],
        table.listed(has("city", "New York")),
    )
    yield alone(
        "filter",
        [
            "show me colleges in texas under 10000 dollars",
            "colleges in TX below $10,000",
            "texas schools that cost less than 10000 bucks",
        ],
        table.listed(every(in_state("TX"), below(IN_STATE, 10_000)), columns=[IN_STATE]),
    )
    yield alone(
        "filter",
        [
            "my daughter wants a public university in Virginia with less than 10,000 students and tuition under 15k",
            "public VA schools, fewer than 10k students, tuition under $15,000",
            "public colleges in virginia with under 10,000 students and tuition below 15000",
        ],
        table.listed(
            every(public, in_state("VA"), below(STUDENTS, 10_000), below(IN_STATE, 15_000)),
            columns=[STUDENTS, IN_STATE],
        ),
    )


def orders(table: Table) -> Iterator[Question]:
    """Yield questions for orders, highest or lowest first."""
    yield alone(
        "sort",
        [
            "whats the cheapest public university in north carolina",
            "cheapest public college in NC",
            "which public north carolina school is cheapest?",
        ],
        table.listed(every(public, in_state("NC")), IN_STATE, False, 1),
    )
    yield alone(
        "sort",
        [
            "which public university in California has the lowest acceptance rate",
            "most selective public university in california",
            "hardest public college to get into in CA",
        ],
        table.listed(every(public, in_state("CA")), ADMIT, False, 1),
    )
    yield alone(
        "filter",
        [
            "four year colleges in Wyoming or Montana",
            "4-year schools in WY or MT",
            "what four-year colleges are there in montana and wyoming?",
        ],
        table.listed(every(four, has("state", "WY", "MT"))),
    )

    for state, code in [("Florida", "FL"), ("Texas", "TX"), ("Virginia", "VA"), ("Illinois", "IL")]:
        yield alone(
            "sort",
            [
                f"cheapest public four-year colleges in {state}",
                f"which public 4 year schools in {state.lower()} are the cheapest",
                f"least expensive public four year universities in {code}",
            ],
            table.listed(every(public, four, in_state(code)), IN_STATE),
        )
    for state, code in [("Ohio", "OH"), ("Colorado", "CO"), ("Tennessee", "TN")]:
        yield alone(
            "sort",
            [
                f"Which college has the highest graduation rate in {state}?",
                f"{state.lower()} school with the best graduation rate",
                f"what school in {code} has the highest grad rate",
            ],
            table.listed(in_state(code), GRAD_6, True, 1),
        )
    for state, code in [("Pennsylvania", "PA"), ("Massachusetts", "MA")]:
        yield alone(
            "sort",
            [
                f"5 most selective colleges in {state}",
                f"top five hardest colleges to get into in {state.lower()}",
                f"the five schools in {code} with the lowest acceptance rate",
            ],
            table.listed(in_state(code), ADMIT, False, 5),
        )
    yield alone(
        "sort",
        [
            "What are the ten largest universities in the country?",
            "10 biggest colleges in the us",
            "top 10 universities by enrollment",
        ],
        table.listed(anything, STUDENTS, True),
    )
    yield alone(
        "sort",
        [
            "five largest public universities in California",
            "top 5 biggest public colleges in CA",
            "which 5 public california universities have the most students?",
        ],
        table.listed(every(public, in_state("CA")), STUDENTS, True, 5),
    )
    yield alone(
        "sort",
        ["Which HBCUs have the most students?", "largest hbcus", "biggest HBCUs by enrollment"],
        table.listed(hbcu, STUDENTS, True),
    )
    yield alone(
        "sort",
        [
            "universities where graduates earn the most",
            "highest paid colleges",
            "Which colleges have the highest earnings?",
        ],
        table.listed(anything, EARN_10, True),
    )
    yield alone(
        "sort",
        ["cheapest HBCUs", "which hbcus are the cheapest", "HBCUs sorted by tuition, lowest first"],
        table.listed(hbcu, IN_STATE),
    )
    yield alone(
        "sort",
        [
            "most expensive colleges in New York",
            "priciest schools in NY",
            "which new york colleges cost the most",
        ],
        table.listed(in_state("NY"), IN_STATE, True),
    )
    yield alone(
        "sort",
        [
            "smallest public universities in Michigan",
            "public colleges in MI with the fewest students",
            "michigan public schools, smallest first",
        ],
        table.listed(every(public, in_state("MI")), STUDENTS),
    )
    yield alone(
        "sort",
        [
            "public universities in the Midwest with the lowest out-of-state tuition",
            "lowest out of state tuition at public schools in the midwest",
            "cheapest out-of-state tuition, public midwest universities",
        ],
        table.listed(every(public, has("state", *MIDWEST)), OUT_OF_STATE),
    )
    yield alone(
        "sort",
        [
            "top 3 colleges by average SAT",
            "three colleges with the highest SAT scores",
            "3 highest sat averages of any college",
        ],
        table.listed(anything, SAT, True, 3),
    )
    yield alone(
        "sort",
        [
            "easiest public colleges to get into in Georgia",
            "public schools in GA with the highest acceptance rate",
            "georgia public universities, highest admission rate first",
        ],
        table.listed(every(public, in_state("GA")), ADMIT, True),
    )
    yield alone(
        "sort",
        [
            "top 5 public universities by earnings",
            "best paid grads at public universities top 5",
            "5 public schools whose graduates earn the most",
        ],
        table.listed(public, EARN_10, True, 5),
    )


def combinations(table: Table) -> Iterator[Question]:
    """Yield questions for conditions in combination."""
    yield alone(
        "combination",
        [
            "public colleges in Texas or Oklahoma under $12k with a graduation rate above 60%, cheapest first",
            "cheapest public schools in TX or OK with tuition below 12,000 and grad rate over 60 percent",
            "Which public colleges in Oklahoma or Texas cost less than $12,000 and graduate more than 60%, sorted by tuition?",
        ],
        table.listed(
            every(public, has("state", "TX", "OK"), below(IN_STATE, 12_000), above(GRAD_6, 60)),
            IN_STATE,
            columns=[GRAD_6],
        ),
    )
    yield alone(
        "combination",
        [
            "largest private universities in the northeast with admission rate under 20%",
            "private northeast colleges that admit under 20%, biggest first",
            "Biggest private schools in the Northeast with an acceptance rate below 20 percent",
        ],
        table.listed(
            every(private, has("state", *NEW_ENGLAND, "NJ", "NY", "PA"), below(ADMIT, 20)),
            STUDENTS,
            True,
            columns=[ADMIT],
        ),
    )
    yield alone(
        "combination",
        [
            "top 5 cheapest four-year colleges in California with over 20,000 students",
            "5 cheapest 4 year schools in CA with more than 20k students",
            "five least expensive four-year california colleges with at least 20,001 students",
        ],
        table.listed(
            every(four, in_state("CA"), above(STUDENTS, 20_000)),
            IN_STATE,
            False,
            5,
            columns=[STUDENTS],
        ),
    )
    yield alone(
        "combination",
        [
            "HBCUs with a graduation rate over 50% and tuition under 30k",
            "which hbcus have grad rates above 50% and cost less than $30,000",
            "historically black colleges, graduation rate > 50%, tuition < $30,000",
        ],
        table.listed(
            every(hbcu, above(GRAD_6, 50), below(IN_STATE, 30_000)), columns=[GRAD_6, IN_STATE]
        ),
    )
    yield alone(
        "combination",
        [
            "public universities in Virginia, North Carolina or Georgia where grads earn over 60k, highest earnings first",
            "public schools in VA, NC or GA with earnings above $60,000 ranked by earnings",
            "Which public colleges in Georgia, Virginia and North Carolina have earnings of more than $60,000, best paid first?",
        ],
        table.listed(
            every(public, has("state", "VA", "NC", "GA"), above(EARN_10, 60_000)), EARN_10, True
        ),
    )
    yield alone(
        "combination",
        [
            "small private colleges in Pennsylvania with acceptance rate under 50%, by graduation rate",
            "best graduation rate among small private PA colleges that accept less than 50 percent",
            "small private schools in pennsylvania admitting under 50%, highest grad rate first",
        ],
        table.listed(
            every(private, in_state("PA"), below(STUDENTS, 5000), below(ADMIT, 50)),
            GRAD_6,
            True,
            columns=[ADMIT],
        ),
    )
    yield alone(
        "combination",
        [
            "public four-year colleges in New York under $9,000 with more than 10,000 students",
            "public 4-year NY schools, under 9k tuition, 10,000+ students",
            "Which public four year colleges in New York cost below $9000 and have over 10,000 students?",
        ],
        table.listed(
            every(public, four, in_state("NY"), below(IN_STATE, 9000), above(STUDENTS, 10_000)),
            columns=[IN_STATE, STUDENTS],
        ),
    )


def counts(table: Table) -> Iterator[Question]:
    """Yield questions for counts."""
    for state, code in [("Texas", "TX"), ("Iowa", "IA"), ("South Carolina", "SC")]:
        yield alone(
            "count",
            [
                f"How many public colleges are there in {state}?",
                f"number of public colleges in {code}",
                f"how many public schools does {state.lower()} have",
            ],
            table.counted(every(public, in_state(code))),
        )
    yield alone(
        "count",
        [
            "How many HBCUs are there in Georgia?",
            "count the HBCUs in GA",
            "how many hbcus in georgia",
        ],
        table.counted(every(hbcu, in_state("GA"))),
    )
    yield alone(
        "count",
        [
            "How many HBCUs are there?",
            "how many hbcus in the us",
            "number of historically black colleges",
        ],
        table.counted(hbcu),
    )
    yield alone(
        "count",
        [
            "How many tribal colleges are there?",
            "number of tribal colleges in the country",
            "how many tribal colleges exist",
        ],
        table.counted(tribal),
    )
    yield alone(
        "count",
        [
            "how many colleges have an acceptance rate under 10%?",
            "number of schools that admit less than 10 percent",
            "How many universities have an admission rate below 10%?",
        ],
        table.counted(below(ADMIT, 10)),
    )
    yield alone(
        "count",
        [
            "How many colleges have more than 40,000 students?",
            "how many schools have over 40k students",
            "number of universities with 40,001+ students",
        ],
        table.counted(above(STUDENTS, 40_000)),
    )
    yield alone(
        "count",
        [
            "How many private colleges in New York charge more than $60,000?",
            "how many NY private schools cost over 60k",
            "number of private colleges in new york with tuition above $60,000",
        ],
        table.counted(every(private, in_state("NY"), above(IN_STATE, 60_000))),
    )
    yield alone(
        "count",
        [
            "How many community colleges are in California?",
            "how many two-year colleges in CA",
            "number of community colleges in california",
        ],
        table.counted(every(two, in_state("CA"))),
    )
    yield alone(
        "count",
        [
            "How many colleges are in Chicago?",
            "number of colleges in chicago",
            "how many universities are located in Chicago",
        ],
        table.counted(has("city", "Chicago")),
    )


def functions(table: Table) -> Iterator[Question]:
    """Yield questions for averages, medians, totals and extremes."""
    yield alone(
        "function",
        [
            "average in-state tuition of public four-year colleges in Ohio",
            "What is the average in-state tuition at public 4-year schools in OH?",
            "avg instate tuition for public four year universities in ohio",
        ],
        table.summed("average", IN_STATE, every(public, four, in_state("OH"))),
    )
    yield alone(
        "function",
        [
            "median earnings of HBCUs",
            "what are the median earnings at HBCUs",
            "median of the 10-year earnings over all hbcus",
        ],
        table.summed("median", EARN_10, hbcu),
    )
    yield alone(
        "function",
        [
            "average acceptance rate of private universities in New York",
            "whats the mean admission rate at private colleges in NY",
            "avg acceptance rate private schools new york",
        ],
        table.summed("average", ADMIT, every(private, in_state("NY"))),
    )
    yield alone(
        "function",
        [
            "total number of students at public colleges in Texas",
            "how many students in total attend public colleges in texas",
            "total enrollment of public universities in TX",
        ],
        table.summed("total", STUDENTS, every(public, in_state("TX"))),
    )
    yield alone(
        "function",
        [
            "median out-of-state tuition of public universities in California",
            "What is the median out of state tuition at public colleges in CA?",
            "median oos tuition for california public schools",
        ],
        table.summed("median", OUT_OF_STATE, every(public, in_state("CA"))),
    )
    yield alone(
        "function",
        [
            "average graduation rate of tribal colleges",
            "mean grad rate at tribal colleges",
            "what's the average graduation rate for tribal colleges?",
        ],
        table.summed("average", GRAD_6, tribal),
    )
    yield alone(
        "function",
        [
            "average SAT at public colleges in Michigan",
            "What is the average SAT score of public universities in MI?",
            "mean sat score michigan public universities",
        ],
        table.summed("average", SAT, every(public, in_state("MI"))),
    )
    yield alone(
        "function",
        [
            "average number of students at community colleges in Illinois",
            "mean enrollment of two-year colleges in IL",
            "how many students do illinois community colleges have on average",
        ],
        table.summed("average", STUDENTS, every(two, in_state("IL"))),
    )
    yield alone(
        "function",
        [
            "minimum tuition at private colleges in Oregon",
            "what is the lowest tuition of any private college in oregon",
            "minimum in state tuition of private colleges in OR",
        ],
        table.listed(every(private, in_state("OR")), IN_STATE, False, 1),
    )
    yield alone(
        "function",
        [
            "maximum out-of-state tuition at public universities",
            "what's the highest out of state tuition at a public university",
            "highest out-of-state tuition of any public college",
        ],
        table.listed(public, OUT_OF_STATE, True, 1),
    )


def talks(table: Table) -> Iterator[Question]:
    """Yield follow-ups: the questions before them, and what the last one expects."""
    ucla, penn = (table.named(CALLED[name]) for name in ("UCLA", "penn state"))
    rice, baylor = table.named("Rice University"), table.named("Baylor University")
    florida, georgia = has("state", "FL"), has("state", "GA")

    def q(history: list[str], phrasings: list[str], expect: Any) -> Question:
        return "follow-up", phrasings, history, expect

    first = "What is the in-state tuition at UCLA?"
    yield q(
        [first],
        ["and for Penn State?", "what about penn state", "Penn State?"],
        table.cells([penn], [IN_STATE]),
    )
    yield q(
        [first],
        ["what about out of state?", "and out-of-state?", "how about for nonresidents"],
        table.cells([ucla], [OUT_OF_STATE]),
    )
    yield q(
        [first],
        ["and how many students does it have?", "what's its enrollment", "how big is it"],
        table.cells([ucla], [STUDENTS]),
    )
    yield q(
        [first],
        ["what is its graduation rate?", "and the grad rate?", "graduation rate there?"],
        table.cells([ucla], [GRAD_6]),
    )
    yield q(
        [first],
        ["compare that with Penn State", "compare it to penn state", "vs Penn State"],
        table.cells([ucla, penn], [IN_STATE]),
    )
    yield q(
        [first, "and for Penn State?"],
        ["what about out of state?", "and for out of staters?", "out of state?"],
        table.cells([penn], [OUT_OF_STATE]),
    )
    both = "Compare tuition at Rice and Baylor"
    yield q(
        [both],
        [
            "and their acceptance rates?",
            "what about acceptance rates",
            "how do their admission rates compare",
        ],
        table.cells([rice, baylor], [ADMIT]),
    )
    yield q(
        [both],
        ["which of those is larger?", "which one is bigger?", "which has more students?"],
        table.cells([rice, baylor], [STUDENTS]),
    )
    yield q(
        [both],
        ["add UCLA", "and UCLA?", "what about UCLA too"],
        table.cells([rice, baylor, ucla], TUITION),
    )
    yield q(
        [both],
        ["which of the two is cheaper?", "which one is cheaper", "so which is the cheapest"],
        table.cells([baylor, rice], [IN_STATE]),
    )
    cheap = "cheapest four-year colleges in Florida"
    yield q(
        [cheap],
        ["only the public ones", "just public ones please", "and only public colleges"],
        table.listed(every(four, florida, public), IN_STATE),
    )
    yield q(
        [cheap],
        [
            "which of those is largest?",
            "which of these is the biggest?",
            "and which one has the most students",
        ],
        table.listed(every(four, florida), STUDENTS, True, 1),
    )
    yield q(
        [cheap],
        ["and in Georgia?", "what about georgia", "same for Georgia"],
        table.listed(every(four, georgia), IN_STATE),
    )
    yield q(
        [cheap, "only the public ones"],
        ["and in Georgia?", "what about GA?", "now for georgia"],
        table.listed(every(four, georgia, public), IN_STATE),
    )
    yield q(
        [cheap],
        ["how many are there?", "how many?", "how many of them are there"],
        table.counted(every(four, florida)),
    )
    yield q(
        [cheap],
        [
            "only those with more than 20,000 students",
            "just the ones with over 20k students",
            "only with more than 20,000 students",
        ],
        table.listed(every(four, florida, above(STUDENTS, 20_000)), IN_STATE),
    )
    yield q(
        ["public universities in Oregon"],
        ["sort them by tuition", "cheapest first", "which of those are the cheapest"],
        table.listed(every(public, has("state", "OR")), IN_STATE),
    )
    yield q(
        ["public universities in Oregon"],
        ["and private ones?", "what about private ones?", "only the private ones"],
        table.listed(every(private, has("state", "OR"))),
    )
    yield q(
        ["How many HBCUs are there in Georgia?"],
        ["and in Alabama?", "what about alabama", "how about in AL?"],
        table.counted(every(has("hbcu", "yes"), has("state", "AL"))),
    )
    yield q(
        ["How many HBCUs are there in Georgia?"],
        ["which ones?", "list them", "show me them"],
        table.listed(every(has("hbcu", "yes"), georgia)),
    )
    yield q(
        ["average in-state tuition of public four-year colleges in Ohio"],
        ["and in Michigan?", "what about michigan?", "how about MI"],
        table.summed("average", IN_STATE, every(public, four, has("state", "MI"))),
    )


def missing(table: Table, chance: random.Random) -> Iterator[Question]:
    """Yield questions for cells that are not reported."""
    asked = {
        ADMIT: ["What is the acceptance rate at {a}?", "{a} admission rate", "how selective is {a}"],
        SAT: ["average SAT at {a}", "{a} SAT score", "What SAT scores does {a} have?"],
        GRADS: ["How many grad students at {a}?", "{a} graduate enrollment", "graduate students {a}"],
        IN_STATE: ["in-state tuition at {a}", "What is in-state tuition at {a}?",
                   "{a} tuition for residents"],
        EARN_10: ["what do graduates of {a} earn", "{a} median earnings", "salary after {a}"],
    }  # fmt: skip
    names = [row["name"] for row in table.rows]
    plain = [r for r in table.rows if names.count(r["name"]) == 1 and len(r["name"].split()) > 2
             and not set(r["name"]) & set("-,(&'") and r["aliases"]]  # fmt: skip
    for column, phrasings in asked.items():
        rows = [row for row in plain if not row[column] and row[STUDENTS]]
        for row in chance.sample(rows, min(2, len(rows))):
            said = [p.format(a=row["name"]) for p in phrasings]
            yield "missing", said, [], table.cells([row], [column], says=["not reported"])


def ambiguous(table: Table) -> Iterator[Question]:
    """Yield names that several colleges bear: the best known, and what else it could be."""
    for said, name, other in [
        ("UNC", "University of North Carolina at Chapel Hill", "Northern Colorado"),
        ("USC", "University of Southern California", "South Carolina"),
        ("OSU", "Ohio State University-Main Campus", "Oregon State"),
        ("UT", "The University of Texas at Austin", "Tennessee"),
    ]:
        row = table.named(name)
        phrasings = [f"{said} in-state tuition", f"What is the in-state tuition at {said}?",
                     f"how much is {said} for in state students"]  # fmt: skip
        expect = table.cells([row], [IN_STATE], says=["could also mean", other])
        yield "ambiguous", phrasings, [], expect
    for name in ("Bethel University", "Columbia College", "Trinity University"):
        rows = [row for row in table.rows if row["name"] == name]
        if len(rows) > 1:
            yield ("ambiguous", [f"{name} enrollment", f"How many students go to {name}?",
                                 f"how big is {name.lower()}"], [],
                   table.cells(rows, [STUDENTS]))  # fmt: skip


SIMILAR = (STUDENTS, OUT_OF_STATE, ADMIT, GRAD_6)


def similar(table: Table) -> Iterator[Question]:
    """Yield questions for colleges like another.

    Like it are those of the same control and level that are nearest in four figures, each
    difference measured in standard deviations; who lacks one of the figures is left out.
    """
    spread = {
        column: statistics.pstdev([float(row[column]) for row in table.rows if row[column]])
        for column in SIMILAR
    }
    for said in ("Reed College", "UC Irvine", "Howard", "georgia tech", "Michigan State"):
        like = table.named(CALLED[said])
        used = [column for column in SIMILAR if like[column]]

        def apart(row: Row, like: Row = like, used: list[str] = used) -> float:
            return sum(((float(row[c]) - float(like[c])) / spread[c]) ** 2 for c in used)

        rows = [
            row for row in table.rows
            if row is not like and all(row[column] for column in used)
            and (row["control"], row["level"]) == (like["control"], like["level"])
        ]  # fmt: skip
        nearest = sorted(rows, key=apart)[:PAGE]
        yield ("similar", [f"colleges similar to {said}", f"schools like {said}",
                           f"What colleges are similar to {said}?"], [],
               table.cells([like, *nearest], SIMILAR, ordered=True, exact=False))  # fmt: skip


def drawn(table: Table, chance: random.Random) -> Iterator[Question]:
    """Yield questions about named colleges, drawn from those that people ask about."""
    calls = list(CALLED)

    def some(n: int, columns: Sequence[str] = ()) -> tuple[list[str], list[Row]]:
        while True:
            said = chance.sample(calls, n)
            rows = [table.named(CALLED[name]) for name in said]
            full = all(row[column] for row in rows for column in columns)
            if full and len({row["name"] for row in rows}) == n:
                return said, rows

    def fill(phrasings: Iterable[str], said: Sequence[str]) -> list[str]:
        return [p.format(**dict(zip("abcdefgh", said, strict=False))) for p in phrasings]

    for columns, groups in LOOKUPS:
        for phrasings in groups:
            for _ in range(2):
                said, rows = some(1)
                yield "lookup", fill(phrasings, said), [], table.cells(rows, columns)
    for columns, phrasings in SEVERAL:
        for _ in range(2):
            said, rows = some(1)
            yield "several fields", fill(phrasings, said), [], table.cells(rows, columns)
    for columns, n, phrasings in COMPARISONS:
        said, rows = some(n)
        yield "compare", fill(phrasings, said), [], table.cells(rows, columns)
    for column, highest, n, phrasings in SUPERLATIVES:
        said, rows = some(n, [column])
        ordered = sorted(rows, key=lambda r: float(r[column]), reverse=highest)
        expect = table.cells(ordered, [column], ordered=True)
        yield "superlative", fill(phrasings, said), [], expect
    for column, phrasings in DIFFERENCES:
        said, rows = some(2, [column])
        pair = sorted(zip(rows, said, strict=True), key=lambda p: -float(p[0][column]))
        high, low = (float(row[column]) for row, _ in pair)
        share = f"{high / low:.1f} times" if high >= 2 * low else f"{100 * (high / low - 1):.0f}%"
        says = [TEXTS[column].format(high - low), share]
        expect = table.cells([row for row, _ in pair], [column], says=says)
        yield "difference", fill(phrasings, [name for _, name in pair]), [], expect
    for phrasings in UNKNOWN_FIELDS:
        said, _ = some(1)
        yield "unknown field", fill(phrasings, said), [], "abstain"
    for name in STRANGERS:
        field = chance.choice(["tuition", "acceptance rate", "enrollment", "graduation rate"])
        phrasings = [f"{field} at {name}", f"What is the {field} at {name}?", f"{name} {field}"]
        yield "stranger", phrasings, [], "abstain"


def build() -> dict[str, list[dict[str, Any]]]:
    """Return the question sets by file name."""
    table = Table(PACK / "institutions.csv")
    chance = random.Random(SEED)
    questions = [
        *drawn(table, chance),
        *missing(table, chance),
        *ambiguous(table),
        *similar(table),
        *filters(table),
        *orders(table),
        *combinations(table),
        *counts(table),
        *functions(table),
        *talks(table),
        *(("prose", phrasings, [], "not planned") for phrasings in PROSE),
        *(("unknown condition", phrasings, [], "abstain") for phrasings in LIST_UNKNOWN),
    ]
    sets: dict[str, list[dict[str, Any]]] = {}
    for number, (operation, phrasings, history, expect) in enumerate(questions, start=1):
        for letter, text in zip("abc", phrasings, strict=True):
            entry = {
                "id": f"{number:03}{letter}",
                "question": text,
                "operation": operation,
                **({"history": history} if history else {}),
                "expect": expect,
            }
            sets.setdefault(FILES.get(operation, "lists"), []).append(entry)
    return sets


FILES = dict.fromkeys(
    ["lookup", "several fields", "compare", "superlative", "difference", "missing", "ambiguous"],
    "figures",
) | {
    "follow-up": "follow-ups",
    "prose": "not-figures",
    "unknown condition": "not-figures",
    "unknown field": "not-figures",
    "stranger": "not-figures",
}


def main() -> None:
    """Write the files."""
    folder = PACK / "questions"
    folder.mkdir(exist_ok=True)
    for name, entries in build().items():
        lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}.jsonl: {len(lines)}")


if __name__ == "__main__":
    main()
