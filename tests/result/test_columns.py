"""Each column of outcomes is declared once, and everything that shows outcomes has it."""

from __future__ import annotations

import csv
import math
from dataclasses import replace

import pytest

from simab.analyse.operating_characteristics import operating_characteristics
from simab.report import formatting, tables
from simab.report.paired_figure import QUANTITIES
from simab.report.writing import summary_csv
from simab.result import Mean, StudyResult
from simab.result.columns import COLUMNS, VARIANT_COLUMNS, Column, Shown
from simab.result.json_form import dumped
from simab.result.saved_study import read_result
from tests.analyse.outcome_rows import ROW, rows
from tests.report.toy_study import CHURN, build


@pytest.fixture(scope="module")
def study() -> StudyResult:
    return read_result(build(CHURN[:2], runs=20))


@pytest.fixture(params=COLUMNS.values(), ids=lambda column: column.key)
def column(request: pytest.FixtureRequest) -> Column:
    found: Column = request.param
    return found


def test_its_value_is_read_off_a_row(column: Column) -> None:
    """By its key, as a number."""
    assert column.values([ROW]) == [float(getattr(ROW, column.key))]


def test_every_file_has_it(column: Column, study: StudyResult) -> None:
    """The JSON of each policy, and four columns of summary.csv."""
    row = next(csv.DictReader(summary_csv(study).splitlines()))
    for policy in study.policies:
        assert dumped(policy)[column.key]["mean"] == policy.means[column.key].mean
    assert float(row[f"{column.key}_mean"]) == study.policies[0].means[column.key].mean
    assert {f"{column.key}_{end}" for end in ("low", "high", "approximate")} <= set(row)


def test_the_table_that_it_names_has_it_and_no_other(column: Column, study: StudyResult) -> None:
    """Under its title; a column for files only stands in neither."""
    titles = {
        Shown.SUMMARY: [each.title for each in tables.summary(study).columns],
        Shown.COSTS: [each.title for each in tables.costs(study).columns],
        Shown.HEALTH: [each.title for each in tables.health(study).columns],
    }
    for shown, found in titles.items():
        assert (column.title in found) == (column.shown is shown)


def test_regret_stands_on_the_page_with_the_metric_that_is_missed(study: StudyResult) -> None:
    """Its unit is the objective's metric, summed over answers."""
    table = tables.costs(study)
    at = [each.title for each in table.columns].index("Regret")
    assert table.columns[at].note.startswith("F1 below the best, summed over the answers of a run")
    for row, policy in zip(table.rows, study.policies, strict=True):
        assert row[at].text == formatting.mean_metric(policy.means["regret"]).value


def test_a_regret_as_small_as_the_metric_is_not_rounded_to_nothing() -> None:
    """Half a millionth of a metric a run, with an interval from 0.4 to 0.6 of it."""
    assert formatting.mean_metric(Mean(5e-7, 4e-7, 6e-7)).value == "0.0000005"


def test_where_no_variant_is_worse_no_table_has_what_worse_ones_add(study: StudyResult) -> None:
    """An A/A study has no column that is empty by what the scenario says."""
    equal = replace(study, truth=replace(study.truth, worse=()))
    shown = (tables.summary(equal), tables.costs(equal), tables.health(equal))
    titles = [each.title for table in shown for each in table.columns]
    for column in COLUMNS.values():
        if column.shown is not Shown.NOWHERE:
            assert (column.title in titles) == (not column.of_worse)


@pytest.mark.parametrize("column", VARIANT_COLUMNS.values(), ids=lambda column: column.key)
def test_a_column_by_variant_has_a_value_for_each(column: Column, study: StudyResult) -> None:
    """In JSON under its key, in summary.csv under key[variant], and back from JSON."""
    assert column.values([ROW], "b") == [float(getattr(ROW, column.key)["b"])]
    row = next(csv.DictReader(summary_csv(study).splitlines()))
    for name in ("Variant1", "Variant2"):
        mean = study.policies[0].variant_means[column.key][name]
        assert dumped(study.policies[0])[column.key][name]["mean"] == mean.mean
        assert float(row[f"{column.key}[{name}]_mean"]) == mean.mean
    assert read_result(dumped(study)).policies == study.policies


def test_the_page_says_who_answered_and_leaves_out_who_did_not(study: StudyResult) -> None:
    """A column a variant of each declaration; of an older result, which has none, no table."""
    titles = [each.title for each in tables.answers(study).columns]
    assert titles[1:] == [
        "Answered by “Variant1”", "Answered by “Variant2”",
        "Share of “Variant1”", "Share of “Variant2”",
    ]  # fmt: skip
    older = dumped(study)
    for policy in older["policies"]:
        for key in VARIANT_COLUMNS:
            del policy[key]
    assert [each.title for each in tables.answers(read_result(older)).columns] == ["Policy"]


def test_what_no_run_has_is_not_known_and_in_no_table(study: StudyResult) -> None:
    """Rows without a cost have a mean without a number and a reason, in files an empty cell."""
    does = operating_characteristics(rows(cost_of_serving=[None, None]), candidates=("b",))
    cost = does.means["cost_of_serving"]
    assert math.isnan(cost.mean)
    assert cost.reason
    policies = tuple(
        replace(each, means={**each.means, "cost_of_serving": cost}) for each in study.policies
    )
    unknown = replace(study, policies=policies)
    assert "Cost of serving" in [each.title for each in tables.costs(study).columns]
    assert "Cost of serving" not in [each.title for each in tables.costs(unknown).columns]
    row = next(csv.DictReader(summary_csv(unknown).splitlines()))
    assert row["cost_of_serving_mean"] == ""


def test_a_mean_of_some_runs_is_over_those_that_have_it() -> None:
    """Two of four rows; not known where none has it."""
    errors = [None, 0.25, None, 0.75]
    does = operating_characteristics(rows(gain_estimate_error=errors), candidates=("b",))
    assert does.means["gain_estimate_error"].mean == pytest.approx(0.5)
    assert "2 of the runs have it" in does.means["gain_estimate_error"].reason
    none = operating_characteristics(rows(gain_estimate_error=[None, None]), candidates=("b",))
    assert math.isnan(none.means["gain_estimate_error"].mean)


@pytest.mark.parametrize("having", [0, 1, 2, 19, 20])
def test_few_runs_that_have_it_have_no_interval(having: int) -> None:
    """However alike the few are: 20 are the least."""
    errors = [0.0105 + 0.00001 * (run % 2) for run in range(having)] + [None] * 400
    does = operating_characteristics(rows(gain_estimate_error=errors), candidates=("b",))
    found = does.means["gain_estimate_error"]
    assert math.isnan(found.low) == math.isnan(found.high) == (having < 20)
    assert bool(found.reason) == (having < 50)
    assert found.approximate == (having == 20)
    assert math.isnan(found.mean) == (not having)


def test_it_is_compared_in_pairs_where_it_has_words_for_that(
    column: Column, study: StudyResult
) -> None:
    """More and less of it, beside the difference; else no pair has it."""
    compared = {each.quantity for each in study.paired}
    assert (column.key in compared) == (column.compared is not None)
    if column.compared:
        quantity = QUANTITIES[column.key]
        assert (quantity.title, quantity.more, quantity.less) == (column.title, *column.compared)
