"""The page of a verification: computed sentences, refused checks, and names that are escaped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from simab.errors import InvalidInput
from simab.report.verification_page import verification_page
from simab.report.verification_tables import deviation
from simab.report.verification_text import conclusion, verification_sentences
from simab.result.verification_result import (
    CaseResult,
    CheckResult,
    VerificationResult,
    read_saved_verification,
    verification_json,
)


def check(name: str, **changes: object) -> CheckResult:
    """A value 1 % above theory, two standard errors, of which four are allowed."""
    values = {
        "name": name,
        "source": "a book",
        "test": "value",
        "unit": "s",
        "theory": 2.0,
        "simulated": 2.02,
        "low": 2.0,
        "high": 2.04,
        "error": 0.01,
        "score": 2.0,
        "bound": 4.0,
        "smallest_caught": 0.03,
        "passed": True,
    }
    return CheckResult(**{**values, **changes})  # type: ignore[arg-type]


def law(**changes: object) -> CheckResult:
    nothing = float("nan")
    return check(
        "gaps",
        **{
            "test": "law",
            "theory": 0.0,
            "simulated": 0.001,
            "low": nothing,
            "high": nothing,
            "error": 0.0005,
            "score": 2.0,
            "bound": 3.0,
            "smallest_caught": 0.0019,
            **changes,
        },
    )


def result(*checks: CheckResult, broken: tuple[str, ...] = ()) -> VerificationResult:
    case = CaseResult(
        group="Queues", name="M/M/1 <b>", horizon_s=10.0, settled_s=1.0, replications=40,
        requests=12_345, broken=broken, checks=checks,
    )  # fmt: skip
    return VerificationResult(
        simab_version="1", command="simab verify", title="Right?", question="Is it?",
        environment={"NumPy": "2"}, engine="compiled", seed=1, thorough=False, size=0.01,
        power=0.95, cases=(case,),
    )  # fmt: skip


def test_what_agrees_is_said_and_what_would_not_have_been_caught_is_named() -> None:
    found = result(check("wait"), law())
    assert found.passed
    assert conclusion(found).startswith("All 2 checks of 1 case agree with theory")
    assert "12,345 requests" in conclusion(found)
    said = " ".join(verification_sentences(found))
    assert "by 1 of 2 checks. Not by “M/M/1 <b>: wait (3.0" in said
    fine = result(check("wait", smallest_caught=0.012))
    assert "by every check" in " ".join(verification_sentences(fine))


def test_what_is_refused_or_broken_is_named() -> None:
    found = result(check("wait", passed=False, score=5.0), law(), broken=("requests are lost",))
    assert not found.passed
    assert "1 check of 2 refused: “M/M/1 <b>: wait”." in conclusion(found)
    assert "Identities are broken in “M/M/1 <b>”." in conclusion(found)
    assert "M/M/1 <b>: requests are lost." in verification_sentences(found)


def test_deviations_are_in_per_cent_of_theory_and_points_of_a_distribution() -> None:
    """1 % above with an interval from 0 to 2, and bounds at four standard errors of .5 %."""
    assert deviation(check("wait")) == pytest.approx((1.0, 0.0, 2.0, 2.0))
    assert deviation(law()) == pytest.approx((0.1, 0.1, 0.1, 0.15))


def test_the_page_is_whole_offline_escaped_and_the_same_each_time() -> None:
    found = result(check("wait"), law(passed=False))
    page = verification_page(found)
    assert page == verification_page(found)
    assert "M/M/1 <b>" not in page.replace('"name":"M/M/1 <b>"', "")
    assert "M/M/1 &lt;b&gt;: wait" in page
    assert "The simulator against closed forms" in page
    assert 'role="img"' in page
    assert "<script src" not in page
    assert "http://" not in page.replace("http://www.w3.org/", "")
    assert ": gaps, refused" in page


def test_the_file_is_read_back_as_it_was(tmp_path: Path) -> None:
    found = result(check("wait"), law())
    again = read_saved_verification(verification_json(found).encode(), "verification.json")
    assert verification_json(again) == verification_json(found)
    assert again.cases[0].checks[0] == found.cases[0].checks[0]
    with pytest.raises(InvalidInput, match="verification"):
        read_saved_verification(b'{"format": "simab-other/1"}', "verification.json")


def test_many_names_are_counted() -> None:
    checks = [check(f"number {at}", passed=False) for at in range(9)]
    assert "3 more" in conclusion(replace(result(*checks)))
