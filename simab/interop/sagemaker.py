"""Amazon SageMaker: a DeploymentConfig with its alarms, or updates of the variants' weights.

The files hold the API's own JSON: inputs of UpdateEndpoint, CreateEndpoint, PutMetricAlarm and
UpdateEndpointWeightsAndCapacities, what DescribeAlarms gives, and ProductionVariants.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from simab.documents.located import LocatedValue, Place
from simab.interop.documents import read_documents
from simab.interop.importing import Findings, Imported, built
from simab.interop.sagemaker_alarms import alarms_by_name, translated_alarm
from simab.interop.sagemaker_keys import DOCUMENT
from simab.interop.tables import MetricMap, TableSource, read_table
from simab.interop.unread import name_unread
from simab.policies.cloudwatch.blue_green import BlueGreen
from simab.policies.rollouts.manual_schedule import ManualSchedule
from simab.scenario.suggestions import remedy_for_name

__all__ = ["holds_policy", "imported", "recognises"]

_TYPES: Final = ("ALL_AT_ONCE", "CANARY", "LINEAR")
_SIZES: Final = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
_CAPACITIES: Final = ("CAPACITY_PERCENT", "INSTANCE_COUNT")
_UPDATES: Final = "UpdateEndpointWeightsAndCapacities"
_LONGEST_WAIT_S: Final = 3_600
_EXECUTION_S: Final = (600, 28_800)
_POLICIES: Final = ("BlueGreenUpdatePolicy", "RollingUpdatePolicy")
_REFERRED_TO: Final = {"ProductionVariants", "EndpointConfig", "MetricAlarms", "AlarmName"}


def recognises(document: LocatedValue) -> bool:
    """Whether a document is of this tool: a deployment, updates of weights, variants, alarms."""
    found = set(document.value) if isinstance(document.value, dict) else set()
    return holds_policy(document) or bool(found & _REFERRED_TO)


def holds_policy(document: LocatedValue) -> bool:
    """Whether a document is a policy, and not something that one refers to."""
    return any(True for _ in _configs(document)) or any(True for _ in _updates(document))


def imported(files: Sequence[Path], table: TableSource) -> Imported:
    """The deployment guardrails in the files, or else their updates of weights.

    Raises:
        InvalidFiles: with every problem found.
    """
    documents = [document for file in files for document in read_documents(file)]
    configs = [config for each in documents for config in _configs(each)]
    updates = [update for each in documents for update in _updates(each)]
    start = documents[0] if documents else LocatedValue({}, Place(str(files[0]), 1, 1))
    if configs and updates:
        remedy = "Import the deployment and the updates of weights one at a time."
        raise updates[0].wrong("is given together with a DeploymentConfig", remedy)
    if len(configs) > 1:
        raise configs[1].wrong("is the second DeploymentConfig", "Import one at a time.")
    importer = _Importer(documents, read_table(table))
    if configs:
        return importer.deployment(configs[0])
    if updates:
        return importer.schedule(updates)
    remedy = f"Name a file that holds DeploymentConfig or {_UPDATES}."
    raise start.wrong("neither a deployment nor an update of weights", remedy)


class _Importer:
    """Translates one configuration; notes and problems gather in `findings`."""

    def __init__(self, documents: Sequence[LocatedValue], table: MetricMap) -> None:
        self.table = table
        self.findings = Findings()
        self.documents = documents

    # -- deployment guardrails -------------------------------------------------------------------

    def deployment(self, config: LocatedValue) -> Imported:
        """Blue/green with its alarms."""
        rolling = config.at("RollingUpdatePolicy")
        if rolling is not None:
            remedy = "Use a BlueGreenUpdatePolicy; rolling fleets are not simulated."
            raise rolling.wrong("rolling updates are not imported", remedy)
        policy = config.need("BlueGreenUpdatePolicy")
        routing = policy.need("TrafficRoutingConfiguration")
        data: dict[str, Any] = {}
        with self.findings.gathering():
            data["traffic"] = _traffic(routing)
        with self.findings.gathering():
            wait = routing.need("WaitIntervalInSeconds").whole(0, _LONGEST_WAIT_S)
            data["wait_interval"] = f"{wait}s"
        with self.findings.gathering():
            termination = policy.at("TerminationWaitInSeconds")
            if termination is not None:
                data["termination_wait"] = f"{termination.whole(0, _LONGEST_WAIT_S)}s"
        with self.findings.gathering():
            timeout = policy.at("MaximumExecutionTimeoutInSeconds")
            if timeout is not None:
                data["maximum_execution_timeout"] = f"{timeout.whole(*_EXECUTION_S)}s"
        data["alarms"] = self._alarms(config)
        self._leave_out()
        self.findings.require_none()
        built_policy = built(BlueGreen, data, {(): policy, ("traffic",): routing})
        return Imported("guardrail", built_policy, tuple(self.findings.notes), config.place)

    def _alarms(self, config: LocatedValue) -> dict[str, Any]:
        """The alarms that roll back, by name, from wherever the files define them."""
        known = alarms_by_name(self.documents)
        names = config.at("AutoRollbackConfiguration", "Alarms")
        alarms: dict[str, Any] = {}
        for each in () if names is None else names.listed():
            with self.findings.gathering():
                name = each.need("AlarmName")
                definition = known.get(name.text())
                if definition is None:
                    remedy = remedy_for_name(name.text(), known, "Alarms in the files")
                    remedy = f"{remedy} Name a file with what DescribeAlarms says of it."
                    raise name.wrong("no file defines this alarm", remedy)
                alarms[name.text()] = translated_alarm(definition, self.table, self.findings)
        for alarm, definition in known.items():
            metric = definition.at("MetricName")
            self.table.know(alarm, *([] if metric is None else [str(metric.value)]))
            if alarm not in alarms and not self.findings.problems:
                self.findings.ignore(definition, "the deployment does not name this alarm")
                definition.take(whole=True)
        if not alarms and not self.findings.problems:
            here = config.at("AutoRollbackConfiguration") or config
            self.findings.ignore(here, "there are no alarms, so nothing is ever rolled back")
        return alarms

    # -- updates of weights ----------------------------------------------------------------------

    def schedule(self, updates: Sequence[LocatedValue]) -> Imported:
        """The weights of each update at the times that the table gives."""
        times = self.table.take("update_times")
        if len(times) != len(updates):
            remedy = "Give them in a file named with --map: `update_times: [10min, 20min]`."
            rule = f"{len(updates)} updates need as many times, and {len(times)} are given"
            raise updates[0].wrong(rule, remedy)
        weights = self._variants()
        steps: list[dict[str, Any]] = []
        for number, (update, time_ns) in enumerate(zip(updates, times, strict=True)):
            with self.findings.gathering():
                asked = self._weights(update)
                weights |= asked
                serving = [name for name, weight in weights.items() if weight > 0]
                step: dict[str, Any] = {"at": f"{time_ns}ns"}
                if number == len(updates) - 1 and len(serving) == 1:
                    step["promote"] = serving[0]
                    reason = f"the last update leaves {serving[0]} alone, so it is the promotion"
                    self.findings.ignore(update, reason)
                else:
                    step["weights"] = asked
                steps.append(step)
        self._leave_out()
        self.findings.require_none()
        policy = built(ManualSchedule, {"steps": steps}, {(): updates[0]})
        return Imported("weights", policy, tuple(self.findings.notes), updates[0].place)

    def _variants(self) -> dict[str, float]:
        """Weights at the start, by variant; noted, as the scenario holds them."""
        weights: dict[str, float] = {}
        for document in self.documents:
            for variants in _found(document, "ProductionVariants"):
                for variant in variants.listed():
                    given = variant.at("InitialVariantWeight")
                    weight = 1.0 if given is None else given.number()
                    weights[variant.need("VariantName").text()] = weight
        return weights

    def _weights(self, update: LocatedValue) -> dict[str, float]:
        weights = {}
        for each in update.need("DesiredWeightsAndCapacities").listed():
            name = each.need("VariantName").text()
            instances = each.at("DesiredInstanceCount")
            if instances is not None:
                self.findings.ignore(instances, "a schedule here changes weights only")
            weight = each.at("DesiredWeight")
            if weight is not None:
                weights[name] = weight.number()
        if not weights:
            raise update.wrong("changes no weight", "Add a DesiredWeight.")
        return weights

    def _leave_out(self) -> None:
        """Note what the scenario holds instead of the policy, and what neither holds."""
        self.table.require_used(self.findings)
        for document in self.documents:
            for variants in _found(document, "ProductionVariants"):
                reason = "variants, weights at the start and instances belong under endpoint"
                self.findings.ignore(variants, reason)
                variants.take(whole=True)
            name_unread(document, DOCUMENT, self.findings)


def _traffic(routing: LocatedValue) -> dict[str, Any]:
    kind = routing.need("Type")
    if kind.text() not in _TYPES:
        raise kind.wrong("unknown type", remedy_for_name(kind.text(), _TYPES))
    if kind.text() not in _SIZES:
        return {"type": kind.text()}
    size = routing.need(_SIZES[kind.text()])
    unit = size.need("Type")
    if unit.text() not in _CAPACITIES:
        raise unit.wrong("unknown type", remedy_for_name(unit.text(), _CAPACITIES))
    if unit.text() == "INSTANCE_COUNT":
        return {"type": kind.text(), "instances": size.need("Value").whole(1, 1_000)}
    low = 10 if kind.text() == "LINEAR" else 1
    return {"type": kind.text(), "size": size.need("Value").whole(low, 50) / 100}


def _found(document: LocatedValue, key: str) -> Iterator[LocatedValue]:
    """The values of a key, at the top or in the EndpointConfig."""
    for each in (document.at(key), document.at("EndpointConfig", key)):
        if each is not None:
            yield each


def _configs(document: LocatedValue) -> Iterator[LocatedValue]:
    """A DeploymentConfig under its name, or the document that is one itself."""
    yield from _found(document, "DeploymentConfig")
    if document.at(_POLICIES[0]) is not None or document.at(_POLICIES[1]) is not None:
        yield document


def _updates(document: LocatedValue) -> Iterator[LocatedValue]:
    if document.at("DesiredWeightsAndCapacities") is not None:
        yield document
    several = document.at(_UPDATES)
    if several is not None:
        yield from several.listed() if isinstance(several.value, list) else [several]
