"""What Prometheus would have scraped of an account's endpoints, beside what the world holds."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pytest

from simab.aws.account import Account, Settings
from simab.aws.scraped.counters import RETAINED, Counters
from simab.aws.scraped.naming import NAMINGS
from simab.aws.scraped.source import ScrapedAccount
from simab.aws.server.clock import ServedAccount
from simab.aws.server.prometheus import Queries
from simab.prometheus.refusals import QueryRefused, timed_out
from simab.stats.request_totals import bucket_ceiling_ns, bucket_floor_ns, latency_bucket
from tests.world.building import scenario, variant

pytest.importorskip("starlette")

MINUTE = 60


# The broken variant fails one of ten requests, and is slower.
def two_variants(rate: str = "20/s") -> Any:
    return scenario(
        {
            "good": variant(weight=3, latency={"kind": "constant", "value": "20ms"}),
            "bad": variant(
                error_rate=0.1, latency={"kind": "lognormal", "median": "60ms", "p99": "200ms"}
            ),
        },
        rate=rate,
        horizon="12h",
        metrics={"period": "1min", "publication_delay": "45s"},
        controller={"interval": "1min"},
    )


class Asked:
    """An account that serves `two`, with its queries."""

    def __init__(self, **settings: Any) -> None:
        self.account = Account(two_variants(), seed=7, settings=Settings(**settings))
        self.endpoint = self.account.put_in_service("two")
        self.queries = Queries(ServedAccount(self.account))

    def sleep(self, seconds: float) -> None:
        timeline = self.account.timeline
        timeline.advance(timeline.now_ns + round(seconds * 1e9))

    def body(self, query: str, path: str = "query", **more: str) -> dict[str, Any]:
        fields = urlencode({"query": query, **more}).encode()
        answer = self.queries.answer("POST", f"/api/v1/{path}", "", fields)
        assert answer.status == 200, answer.body
        return answer.body

    def values(self, query: str) -> dict[str, float]:
        """Values by all labels but the name."""
        return {
            ",".join(v for k, v in sorted(row["metric"].items()) if k != "__name__"): float(
                row["value"][1]
            )
            for row in self.body(query)["data"]["result"]
        }

    def value(self, query: str) -> float:
        (found,) = self.values(query).values()
        return found

    def true_counts(self, variant: str, since_s: int, until_s: int) -> Any:
        run_counts = self.endpoint.serving.run_counts
        number = run_counts.blueprint.names.index(variant)
        return run_counts.request_totals(number, since_s // 5, until_s // 5)


@pytest.fixture
def two() -> Asked:
    found = Asked()
    found.sleep(10 * MINUTE)
    return found


def test_counters_are_the_counts_of_the_world(two: Asked) -> None:
    totals = two.true_counts("bad", 0, 600)
    assert totals.failed > 0
    assert two.values("simab_requests_total{variant='bad'}") == {
        "200,two,bad": totals.answered,
        "500,two,bad": totals.failed,
    }
    assert (
        two.value("sum(simab_requests_total)")
        == two.account.endpoints["two"].serving.run_counts.requests[:120, :, 0].sum()
    )


def test_a_scrape_does_not_see_what_came_after_it(two: Asked) -> None:
    two.sleep(14)
    assert (
        two.value("sum(simab_requests_total{variant='good'})")
        == two.true_counts("good", 0, 600).invocations
    )


def test_rates_are_near_the_true_ones(two: Asked) -> None:
    """The samples of [1m] are 45 s apart, which are drawn out to 60."""
    for name in ("good", "bad"):
        found = two.value(f"sum(increase(simab_requests_total{{variant='{name}'}}[1m]))")
        seen = two.true_counts(name, 555, 600).invocations
        assert found == pytest.approx(seen * 60 / 45)
    rate = two.value("sum(rate(simab_requests_total[5m]))")
    assert rate == pytest.approx(20, rel=0.05)


SUCCESS = (
    "sum(rate({requests}{{{where},{code}!~'5.*'}}[1m])) / sum(rate({requests}{{{where}}}[1m]))"
)


@pytest.mark.parametrize(
    ("requests", "where", "code"),
    [
        ("simab_requests_total", "variant='bad'", "code"),
        (
            "istio_requests_total",
            "reporter='destination',destination_workload_namespace='default',"
            "destination_workload=~'bad'",
            "response_code",
        ),
        (
            "istio_requests_total",
            "reporter='source',destination_service=~'bad.default.svc.cluster.local'",
            "response_code",
        ),
        (
            "response_total",
            "namespace='default',deployment=~'bad',direction='inbound'",
            "status_code",
        ),
        ("nginx_ingress_controller_requests", "namespace='default',ingress='bad'", "status"),
    ],
)
def test_success_rates_as_rollout_controllers_ask(
    two: Asked, requests: str, where: str, code: str
) -> None:
    found = two.value(SUCCESS.format(requests=requests, where=where, code=code))
    totals = two.true_counts("bad", 555, 600)
    assert found == pytest.approx(totals.answered / totals.invocations)


def test_any_variant_but_the_control_is_a_canary_of_the_ingress() -> None:
    """As Flagger asks since 1.15; `good` is the control of the objective."""
    asked = Asked(namespace="test")
    asked.sleep(10 * MINUTE)
    assert asked.account.scenario.objective.control == "good"
    requests = "nginx_ingress_controller_requests"
    where = "namespace='test',ingress='bad',canary!=''"
    success = SUCCESS.format(requests=requests, where=where, code="status")
    totals = asked.true_counts("bad", 555, 600)
    assert asked.value(success) == pytest.approx(totals.answered / totals.invocations)
    latency = "nginx_ingress_controller_ingress_upstream_latency_seconds"
    total, count = (f"sum(rate({latency}_{each}{{{where}}}[1m]))" for each in ("sum", "count"))
    assert asked.value(f"{total} / {count}") == pytest.approx(totals.latency_mean_ns / 1e9)
    rows = asked.body(f"sum by (ingress, canary) ({requests})")["data"]["result"]
    assert [row["metric"] for row in rows] == [
        {"ingress": "good"},
        {"ingress": "bad", "canary": "test-bad-80"},
    ]
    body = asked.body(f"{requests}{{ingress='good',canary!=''}}")
    assert body["data"]["result"] == []


def test_linkerd_classifies(two: Asked) -> None:
    query = (
        "sum(rate(response_total{classification!='failure'}[1m])) / sum(rate(response_total[1m]))"
    )
    plain = "sum(rate(simab_requests_total{code='200'}[1m])) / sum(rate(simab_requests_total[1m]))"
    assert two.value(query) == pytest.approx(two.value(plain))


@pytest.mark.parametrize(
    ("bucket", "where", "unit_ms"),
    [
        ("simab_request_duration_seconds_bucket", "variant='bad'", 1_000),
        (
            "istio_request_duration_milliseconds_bucket",
            "reporter='destination',destination_workload=~'bad'",
            1,
        ),
        ("response_latency_ms_bucket", "deployment=~'bad',direction='inbound'", 1),
        ("nginx_ingress_controller_response_duration_seconds_bucket", "ingress='bad'", 1_000),
    ],
)
def test_quantiles_lie_within_the_bucket_of_the_true_one(
    two: Asked, bucket: str, where: str, unit_ms: float
) -> None:
    query = f"histogram_quantile(0.99, sum(rate({bucket}{{{where}}}[5m])) by (le))"
    found_ms = two.value(query) * unit_ms
    true_ms = two.true_counts("bad", 315, 600).latency_quantile_ns(0.99) / 1e6
    named = next(
        each for naming in NAMINGS for each in naming.histograms if f"{each.name}_bucket" == bucket
    )
    bounds_ms = [0, *(bound / 1e6 for bound in named.bounds_ns)]
    place = np.searchsorted(bounds_ms, true_ms)
    assert bounds_ms[place - 1] <= found_ms <= bounds_ms[place]


def test_buckets_are_counts_up_to_a_bound_within_the_worlds_resolution(two: Asked) -> None:
    histogram = two.true_counts("bad", 0, 600).latency_histogram
    counts = np.atleast_2d(histogram).sum(axis=0)
    numbers = range(len(counts))
    floors_ms = np.array([bucket_floor_ns(n) for n in numbers]) / 1e6
    ceilings_ms = np.array([bucket_ceiling_ns(n) for n in numbers]) / 1e6
    found = two.values("response_latency_ms_bucket{deployment='bad'}")
    served = counts.sum()
    assert found.pop("bad,inbound,+Inf,default") == served
    for key, value in found.items():
        bound_ms = float(key.split(",")[2])
        certain = counts[ceilings_ms <= bound_ms].sum()
        possible = counts[floors_ms <= bound_ms].sum()
        assert certain <= value == possible <= counts[ceilings_ms <= bound_ms * 1.0157].sum()


def test_a_latency_at_a_bound_counts_up_to_it(two: Asked) -> None:
    """As 20 ms of a constant latency do, which most requests take; others wait before."""
    counts = np.atleast_2d(two.true_counts("good", 0, 600).latency_histogram).sum(axis=0)
    up_to = "sum(simab_request_duration_seconds_bucket{{variant='good',le='{}'}})"
    assert two.value(up_to.format("0.02")) == counts[latency_bucket(20_000_000)] > counts.sum() / 2
    assert two.value(up_to.format("0.015")) == 0


def test_sums_of_latencies_are_the_worlds(two: Asked) -> None:
    totals = two.true_counts("good", 0, 600)
    seconds = totals.latency_sum_ns / 1e9
    assert two.value("simab_request_duration_seconds_sum{variant='good'}") == pytest.approx(seconds)
    assert two.value("response_latency_ms_sum{deployment='good'}") == pytest.approx(seconds * 1_000)
    name = "nginx_ingress_controller_ingress_upstream_latency_seconds"
    total, count = (f"sum(rate({name}_{each}{{ingress='good'}}[1m]))" for each in ("sum", "count"))
    seen = two.true_counts("good", 555, 600)
    assert two.value(f"{total} / {count} * 1000") == pytest.approx(seen.latency_mean_ns / 1e6)


def test_weights_and_instances_are_those_in_force(two: Asked) -> None:
    assert two.values("simab_variant_weight") == {"two,good": 3, "two,bad": 1}
    assert two.values("simab_variant_instances") == {"two,good": 1, "two,bad": 1}
    two.endpoint.deploy({"good": 1, "bad": 0}, {"good": 1, "bad": 1})
    two.sleep(60)
    assert two.values("simab_variant_weight") == {"two,good": 3, "two,bad": 1}
    two.sleep(15)
    assert two.values("simab_variant_weight") == {"two,good": 1, "two,bad": 0}
    assert two.values("simab_variant_weight offset 1m") == {"two,good": 3, "two,bad": 1}


def test_a_variant_that_is_taken_away_leaves_its_gauges_and_keeps_its_counters(two: Asked) -> None:
    two.endpoint.deploy({"good": 1}, {"good": 1})
    two.sleep(75)
    assert two.values("simab_variant_weight") == {"two,good": 1}
    assert "500,two,bad" in two.values("simab_requests_total")


def test_a_series_begins_with_the_first_request_that_it_counts() -> None:
    asked = Asked()
    assert asked.body("simab_requests_total")["data"]["result"] == []
    asked.sleep(15)
    assert "500,two,good" not in asked.values("simab_requests_total")
    assert (
        asked.body("sum(rate(simab_requests_total{code='503'}[1m])) or vector(0)")["data"][
            "result"
        ][0]["value"][1]
        == "0"
    )


def test_an_endpoint_that_is_deleted_is_gone_and_one_of_its_name_begins_at_0(two: Asked) -> None:
    two.sleep(5)
    two.account.delete_endpoint(two.endpoint)
    assert two.values("sum(simab_requests_total)") != {}
    two.sleep(10)
    assert two.values("sum(simab_requests_total)") == {}
    counted = two.value("sum(simab_requests_total offset 1m)")
    two.sleep(65)
    two.account.put_in_service("two")
    two.sleep(30)
    assert 0 < two.value("sum(simab_requests_total)") < counted / 5
    assert two.value("sum(increase(simab_requests_total[2m]))") > 0


MESH = "sum(increase(istio_requests_total{reporter='source'}[2m]))"


def test_endpoints_that_mesh_names_cannot_tell_apart_are_refused_while_both_serve(
    two: Asked,
) -> None:
    assert two.value(MESH) > 0
    two.account.put_in_service("other")
    two.sleep(60)
    answer = two.queries.answer("POST", "/api/v1/query", "", urlencode({"query": MESH}).encode())
    assert answer.status == 422
    assert "the endpoints 'two' and 'other' have served at once" in answer.body["error"]
    assert "istio_requests_total has no label" in answer.body["error"]
    by_endpoint = two.values("sum by (endpoint) (increase(simab_requests_total[1m]))")
    assert by_endpoint.keys() == {"two", "other"}


def test_endpoints_one_after_another_share_the_series_of_mesh_names(two: Asked) -> None:
    two.account.delete_endpoint(two.endpoint)
    two.sleep(60)
    two.account.put_in_service("other")
    two.sleep(60)
    source = ScrapedAccount(two.account)
    for series in source.family("istio_requests_total", lambda: None).series:
        assert (np.diff(series.times_ms) > 0).all()
    assert two.value(MESH) > 0


def test_another_namespace_and_interval() -> None:
    asked = Asked(namespace="test", scrape_ns=5 * 10**9)
    asked.sleep(60)
    where = "destination_workload_namespace='test',reporter='source'"
    assert asked.value(f"sum(istio_requests_total{{{where}}})") > 0
    assert asked.value("sum(count_over_time(simab_requests_total{variant='good'}[1m]))") == 12
    assert "there are test" in asked.body("response_total{namespace='default'}")["infos"][0]


@pytest.mark.parametrize("scrape_ns", [7 * 10**9, 10**8, 0, -(10**9)])
def test_scrapes_within_a_window_are_refused(scrape_ns: int) -> None:
    answer = Asked(scrape_ns=scrape_ns).queries.answer("GET", "/api/v1/query", "query=time()", b"")
    assert answer.status == 422
    assert answer.body["error"].startswith(f"scrape_ns = {scrape_ns}: must be a multiple of")


def test_a_day_of_scrapes_is_kept_whoever_asked_before() -> None:
    """Never looked at but at the end, or each hour; with a short interval for 12,600 scrapes."""
    settings = Settings(window_ns=10**9, scrape_ns=2 * 10**9)
    names = ("simab_requests_total", "simab_request_duration_seconds_sum")
    found = []
    for looks in (1, 7):
        account = Account(two_variants("0.2/s"), settings=settings)
        account.put_in_service("two")
        source = ScrapedAccount(account)
        for look in range(1, looks + 1):
            account.timeline.advance(look * 7 * 3_600 * 10**9 // looks)
            series = [each for name in names for each in source.family(name, lambda: None).series]
        found.append(series)
    for alone, often in zip(*found, strict=True):
        assert alone.labels == often.labels
        assert alone.times_ms.tolist() == often.times_ms.tolist()
        assert alone.values.tolist() == often.values.tolist()
        assert len(alone.times_ms) == RETAINED


def test_adding_up_what_nobody_asked_for_has_an_end_and_goes_on(two: Asked) -> None:
    """Each query with its time-out does a part of it."""
    answer = two.queries.answer("GET", "/api/v1/query", "query=simab_requests_total&timeout=0", b"")
    assert (answer.status, answer.body["errorType"]) == (503, "timeout")
    source, looks = ScrapedAccount(two.account), 0

    def over() -> None:
        nonlocal looks
        looks += 1
        raise timed_out("")

    with pytest.raises(QueryRefused):
        source.family("simab_requests_total", over)
    assert looks == 1
    for name in ("simab_requests_total", "simab_request_duration_seconds_sum"):
        mine = source.family(name, lambda: None).series
        others = ScrapedAccount(two.account).family(name, lambda: None).series
        for one, other in zip(mine, others, strict=True):
            assert one.labels == other.labels
            assert one.values.tolist() == other.values.tolist()


def test_variants_that_nobody_asks_take_no_room() -> None:
    variants = {"a": variant(), "b": variant(weight=0), "c": variant(weight=0)}
    account = Account(scenario(variants, horizon="1h"), seed=7)
    endpoint = account.put_in_service("e")
    account.timeline.advance(60 * 10**9)
    rows = Counters(endpoint, 15 * 10**9).rows(lambda: None)
    assert {number: len(each) for number, each in rows.items()} == {0: 5}


def test_a_dashboard_asks_for_a_range(two: Asked) -> None:
    start = two.account.timeline.date_of(0).timestamp()
    body = two.body("sum(rate(simab_requests_total[1m]))", "query_range",
                    start=str(start), end=str(start + 600), step="15s")  # fmt: skip
    (row,) = body["data"]["result"]
    assert len(row["values"]) == 39  # two samples are needed, and at 0 nothing is counted


@pytest.mark.parametrize(
    ("method", "path", "query_string", "body", "status"),
    [
        ("GET", "/api/v1/query", "query=vector(1)", b"", 200),
        ("POST", "/api/v1/query", "", b"query=vector(1)", 200),
        ("POST", "/api/v1/query", "query=unheard_of", b"query=vector(1)", 200),
        ("GET", "/api/v1/query", "query=vector(1)&query=unheard_of", b"", 200),
        ("GET", "/api/v1/query", "", b"query=vector(1)", 400),
        ("GET", "/api/v1/query", "query=%ff", b"", 400),
        ("POST", "/api/v1/query", "", b"\xff", 400),
        ("GET", "/api/v1/query", "&".join(["a=1"] * 101), b"", 400),
        ("PUT", "/api/v1/query", "query=vector(1)", b"", 405),
        ("GET", "/api/v1/labels", "", b"", 404),
        ("GET", "/api/v1/", "", b"", 404),
    ],
)
def test_requests_are_read_or_refused(
    two: Asked, method: str, path: str, query_string: str, body: bytes, status: int
) -> None:
    answer = two.queries.answer(method, path, query_string, body)
    assert answer.status == status
    assert answer.body["status"] == ("success" if status == 200 else "error")


def test_a_bug_is_an_answer_too(
    two: Asked, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("simab.aws.server.prometheus.answer_query", None)
    answer = two.queries.answer("GET", "/api/v1/query", "query=time()", b"")
    assert (answer.status, answer.body["errorType"]) == (500, "internal")
    assert "TypeError" in caplog.text
