"""Own meter data: any sensible CSV comes in right, everything doubtful is refused with its place and a mend."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from micromarket.errors import ScenarioError
from micromarket.simulation.importers.meter_files import MeterFormat, read_meters
from micromarket.simulation.importers.meter_times import Clock
from micromarket.simulation.importers.meters import MeterRules, clean_meters, meters_folder
from micromarket.simulation.scenario.reading import read_scenario

BERLIN = Clock("Europe/Berlin")


def cleaned(tmp_path, text, form=None, rules=None):
    """Return the meters of a file with that text."""
    path = tmp_path / "meter.csv"
    path.write_text(text, encoding="utf-8")
    return clean_meters(read_meters(path, form or MeterFormat(BERLIN, "kWh")), rules or MeterRules())


def refused(tmp_path, text, form=None, rules=None):
    """Return what is said about a file with that text, without its folder."""
    with pytest.raises(ScenarioError) as error:
        cleaned(tmp_path, text, form, rules)
    return str(error.value).replace(f"{tmp_path}/", "")


WIDE = """\
Zeit;Haus 1 [kWh];Haus 2 [kWh]
01.07.2026 00:00;0,25;1,0
01.07.2026 00:15;0,50;0
01.07.2026 00:30;0,125;0,2
"""
LONG = """\
meter_id,timestamp,reading
a,2026-07-01T00:00:00+02:00,500
a,2026-07-01T00:30:00+02:00,100
b,2026-07-01T00:00:00+02:00,0
b,2026-07-01T00:30:00+02:00,50
"""


def test_semicolons_and_decimal_commas(tmp_path):
    """A German wide file: kWh of quarter hours become kW."""
    meters = cleaned(tmp_path, WIDE, MeterFormat(BERLIN))

    assert {"Haus 1": [1.0, 2.0, 0.5], "Haus 2": [4.0, 0.0, 0.8]} == {
        name: power.tolist() for name, power in meters.powers_kw.items()
    }
    assert datetime(2026, 6, 30, 22, tzinfo=UTC) == meters.start


def test_one_reading_in_a_row(tmp_path):
    """Long form: Wh of half hours become kW, by meter."""
    meters = cleaned(tmp_path, LONG, MeterFormat(unit="Wh", meter_column="meter_id"))

    assert {"a": [1.0, 0.2], "b": [0.0, 0.1]} == {name: power.tolist() for name, power in meters.powers_kw.items()}


@pytest.mark.parametrize(
    ("unit", "kw"), [("kWh", 4.0), ("Wh", 0.004), ("MWh", 4000.0), ("kW", 1.0), ("W", 0.001), ("MW", 1000.0)]
)
def test_units(tmp_path, unit, kw):
    """One of each unit in a quarter hour."""
    text = "time,a\n2026-07-01T00:00Z,1\n2026-07-01T00:15Z,1\n"

    assert pytest.approx(kw) == cleaned(tmp_path, text, MeterFormat(unit=unit)).powers_kw["meter"][0]


def test_the_repeated_hour_is_taken_twice(tmp_path):
    """On 25 October 2026 the clock shows 02:00 and 02:30 twice: five half hours, none lost."""
    clocks = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    text = "time,a\n" + "".join(f"2026-10-25 {clock},{at}\n" for at, clock in enumerate(clocks))

    meters = cleaned(tmp_path, text)

    assert [0, 2, 4, 6, 8, 10] == meters.powers_kw["meter"].tolist()
    assert timedelta(minutes=30) == meters.step


def test_the_skipped_hour_is_no_gap(tmp_path):
    """On 29 March 2026 the clock goes from 01:30 to 03:00."""
    text = "time,a\n2026-03-29 01:00,1\n2026-03-29 01:30,1\n2026-03-29 03:00,1\n2026-03-29 03:30,1\n"

    assert 4 == len(cleaned(tmp_path, text).powers_kw["meter"])


def test_a_time_that_marks_the_end(tmp_path):
    """With labels at the end the first quarter hour began a quarter hour earlier."""
    meters = cleaned(tmp_path, WIDE, MeterFormat(BERLIN), MeterRules(label_end=True))

    assert datetime(2026, 6, 30, 21, 45, tzinfo=UTC) == meters.start


def test_american_times_when_told(tmp_path):
    """Day and month are not guessed, but read as told."""
    text = "time,a\n07/04/2026 00:00,1\n07/04/2026 01:00,1\n"
    clock = Clock("America/New_York", "%m/%d/%Y %H:%M")

    assert datetime(2026, 7, 4, 4, tzinfo=UTC) == cleaned(tmp_path, text, MeterFormat(clock, "kWh")).start


@pytest.mark.parametrize(
    ("fill", "expected"), [("zero", [10, 0, 12]), ("linear", [10, 11, 12]), ("day", [10, 14, 12])]
)
def test_gaps_are_filled_by_the_stated_rule(tmp_path, fill, expected):
    """A missing reading: zero, a straight line, or yesterday's and tomorrow's same hour."""
    hours = [f"2026-07-01 {hour:02d}:00" for hour in range(24)] + ["2026-07-02 00:00", "2026-07-02 01:00"]
    values = {hours[0]: 10, hours[2]: 12, hours[25]: 14}
    text = "time,a\n" + "".join(f"{hour},{values.get(hour, 0)}\n" for hour in hours if hour != hours[1])

    meters = cleaned(tmp_path, text, rules=MeterRules(fill=fill))

    assert expected == meters.powers_kw["meter"][:3].tolist()
    assert {"meter": 1} == meters.filled


def test_feed_in_becomes_a_plant(tmp_path):
    """A meter that counts both ways gives a load and a plant; the folder is a valid scenario."""
    text = "time,a\n2026-07-01T00:00Z,2\n2026-07-01T01:00Z,-3\n2026-07-01T02:00Z,1\n"
    rules = MeterRules(net=True)

    meters_folder(cleaned(tmp_path, text, rules=rules), rules, "Mein Haus").write(tmp_path / "out")

    scenario = read_scenario(tmp_path / "out")
    assert [[2, 0, 1], [0, 3, 0]] == [scenario.series(owned.asset.power).tolist() for owned in scenario.assets]


def test_meters_keep_the_time_they_share(tmp_path):
    """Of two files, only the hours in both count."""
    one, other = tmp_path / "one.csv", tmp_path / "other.csv"
    one.write_text("time,a\n2026-07-01T00:00Z,1\n2026-07-01T01:00Z,2\n2026-07-01T02:00Z,3\n")
    other.write_text("time,a\n2026-07-01T01:00Z,4\n2026-07-01T02:00Z,5\n2026-07-01T03:00Z,6\n")
    form = MeterFormat(unit="kW")

    meters = clean_meters(read_meters(one, form) | read_meters(other, form), MeterRules())

    assert {"one": [2, 3], "other": [4, 5]} == {name: power.tolist() for name, power in meters.powers_kw.items()}


def test_energy_is_kept(tmp_path):
    """kWh in the file equal kW times hours in the series."""
    energy = np.round(np.random.default_rng(1).random(96), 3)
    start = datetime(2026, 7, 1, tzinfo=UTC)
    rows = (f"{(start + at * timedelta(minutes=15)).isoformat()},{value}\n" for at, value in enumerate(energy))

    meters = cleaned(tmp_path, "time,a\n" + "".join(rows))

    np.testing.assert_allclose(energy, meters.powers_kw["meter"] / 4)


HEAD = "time,a\n2026-07-01 00:00,1\n2026-07-01 01:00,1\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "meter.csv:1: found 0 rows"),
        ("time\n1\n2\n", "meter.csv:1: found 3 rows, 1 columns"),
        (HEAD + "2026-07-01 02:00,1,7\n", "meter.csv:4: found 3 cells"),
        (HEAD + "2026-07-01 02:00,x\n", 'meter.csv:4: a: found "x"'),
        (HEAD + '2026-07-01 02:00,"1,5"\n', 'meter.csv:4: a: found "1,5"'),
        (HEAD + "07/01/2026 02:00,1\n", 'meter.csv:4: time: found "07/01/2026 02:00"'),
        (
            HEAD + "2026-07-01 04:00,1\n",
            "meter.csv:4: a: found 2 missing readings, the first at 2026-07-01T00:00:00Z",
        ),
        (HEAD + "2026-07-01 02:00,\n", "meter.csv:4: a: found 1 missing readings"),
        (HEAD + "2026-07-01 02:00,-1\n", "meter.csv:4: a: found -1 kW"),
        (HEAD + "2026-07-01 01:00,1\n", "meter.csv:4: a: found 2026-06-30T23:00:00Z after 2026-06-30T23:00:00Z"),
        (HEAD + "2026-07-01 02:00,1\n2026-07-01 02:10,1\n", "meter.csv:5: a: found 2026-07-01T00:10:00Z"),
        ("time,a\n2026-03-29 01:00,1\n2026-03-29 02:00,1\n", "a time that exists in Europe/Berlin"),
    ],
)
def test_what_is_doubtful_is_refused(tmp_path, text, message):
    """Every refusal names file, line and column, what was found and what is allowed."""
    assert message in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (MeterFormat(Clock(), "kWh"), "--timezone Europe/Berlin"),
        (MeterFormat(BERLIN), "say --unit kWh"),
        (MeterFormat(BERLIN, "kWh", time_column="zeit"), 'found no column "zeit"'),
        (MeterFormat(BERLIN, "kWh", meter_column="id"), 'found no column "id"'),
        (MeterFormat(Clock("Europe/Berlin", "%d/%m/%Y"), "kWh"), "a time like 31/12/2026"),
    ],
)
def test_what_is_not_said_is_asked_for(tmp_path, form, message):
    """Missing options are named in the mend."""
    assert message in refused(tmp_path, HEAD, form)


def test_different_steps_are_refused(tmp_path):
    """A quarter-hour meter and an hourly one do not fit; nothing is resampled in silence."""
    (tmp_path / "hourly.csv").write_text("time,a\n2026-07-01T00:00Z,1\n2026-07-01T01:00Z,2\n")
    (tmp_path / "quarter.csv").write_text("time,a\n2026-07-01T00:00Z,1\n2026-07-01T00:15Z,2\n")
    form = MeterFormat(unit="kW")
    readings = read_meters(tmp_path / "hourly.csv", form) | read_meters(tmp_path / "quarter.csv", form)

    with pytest.raises(ScenarioError, match="every 60 minutes"):
        clean_meters(readings, MeterRules())
