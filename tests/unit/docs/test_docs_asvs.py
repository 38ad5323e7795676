"""docs/asvs.md answers every requirement of levels 1 and 2; what it and docs/threat-model.md name exists."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs/asvs.md"
TEXT = DOCUMENT.read_text()
LEVELS = dict(line.split() for line in Path(__file__).with_name("asvs5.txt").read_text().splitlines())
"""Requirement to level, of all there are."""

STATUSES = ("met", "deviation", "not applicable")
MOST_DEVIATIONS = 7
LEAST_MET_OF_LEVEL_3 = 30
MOST_WORDS_OF_A_LABEL = 10
LEAST_WORDS = 4
"""Of a reason."""

HEADER = "| requirement | level | status | what shows it |\n|---|---|---|---|\n"
TEST_NAME = re.compile(r"`(tests/[^`]+)`")
LINK = re.compile(r"\[[^\]]+\]\(([^)#]*)#([^)]+)\)")


@dataclass(frozen=True)
class Row:
    """One requirement."""

    chapter: str
    id: str
    label: str
    level: str
    status: str
    shown: str

    @property
    def tests(self) -> list[str]:
        return TEST_NAME.findall(self.shown)

    @property
    def reason(self) -> list[str]:
        """The words that are neither a test nor a link."""
        return re.findall(r"\w+", LINK.sub("", TEST_NAME.sub("", self.shown)))


def _rows() -> Iterator[Row]:
    """Every row of four cells in a table whose heading is a chapter; any other line is missed by the first test."""
    for chapter, text in re.findall(r"^## (V\d+) .+\n\n((?:.+\n)*)", TEXT, flags=re.MULTILINE):
        if text.startswith(HEADER):
            for line in text.removeprefix(HEADER).splitlines():
                match = re.fullmatch(r"\| (V[\d.]+) ([^|]+) \| (\d) \| ([^|]+) \| ([^|]+) \|", line)
                if match:
                    yield Row(chapter, *match.groups())


ROWS = tuple(_rows())


def test_every_requirement_of_levels_1_and_2_has_one_row() -> None:
    ids = [row.id for row in ROWS]
    assert [each for each, count in Counter(ids).items() if count > 1] == []
    assert set(ids) <= set(LEVELS)
    assert {each for each, level in LEVELS.items() if level in "12"} - set(ids) == set()
    assert [row.id for row in ROWS if row.level != LEVELS[row.id]] == []
    # In the order of the standard, each under its own chapter, and no row outside a chapter.
    assert ids == sorted(ids, key=list(LEVELS).index)
    assert [row.id for row in ROWS if row.id.partition(".")[0] != row.chapter] == []
    assert len(re.findall(r"^\| V\d", TEXT, flags=re.MULTILINE)) == len(ROWS)


def test_every_row_shows_what_it_says(test_names: frozenset[str]) -> None:
    assert [(row.id, fault) for row in ROWS for fault in _faults(row, test_names)] == []


def _faults(row: Row, test_names: frozenset[str]) -> Iterator[str]:
    links = LINK.findall(row.shown)
    if row.status not in STATUSES:
        yield f"no status: {row.status}"
    if not 2 <= len(row.label.split()) <= MOST_WORDS_OF_A_LABEL:
        yield f"no label: {row.label}"
    yield from (f"no test: {name}" for name in row.tests if name not in test_names)
    for file, anchor in links:
        if anchor not in _anchors(DOCUMENT.parent / file if file else DOCUMENT):
            yield f"no section: {anchor}"
    if row.status == "met" and not (row.tests or links):
        yield "neither a test nor a section"
    if row.status != "met" and len(row.reason) < LEAST_WORDS:
        yield "no reason"
    if row.status != "met" and row.level == "3":
        yield "of level 3 only what is met is listed"


@cache
def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_deviations_are_few_and_level_3_is_met_in_many_places() -> None:
    assert len([row for row in ROWS if row.status == "deviation"]) <= MOST_DEVIATIONS
    assert len([row for row in ROWS if row.level == "3"]) >= LEAST_MET_OF_LEVEL_3


def test_the_counts_at_the_top_are_those_of_the_tables() -> None:
    counted = Counter((row.status, row.level) for row in ROWS)
    of_level = Counter(LEVELS.values())
    expected = [(status, *(counted[status, level] for level in "12")) for status in STATUSES]
    expected.append(("in the standard", *(of_level[level] for level in "12")))
    said = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (\d+) \| ([\d-]+) \|$", TEXT, flags=re.MULTILINE)
    assert [(name, int(one), int(two)) for name, one, two, _ in said] == expected
    three = [str(counted["met", "3"]), "-", "-", str(of_level["3"])]
    assert [last for *_, last in said] == three


def test_the_threat_model_names_tests_that_exist(test_names: frozenset[str]) -> None:
    known = {name.rpartition("/")[2] for name in test_names}
    known |= {name.partition("::")[0] for name in known}
    named = re.findall(r"`(test_[^`]+)`", (ROOT / "docs/threat-model.md").read_text())
    assert named
    assert [name for name in named if name not in known | {"test_file.py::test_name"}] == []
