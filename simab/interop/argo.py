"""Argo Rollouts: a Rollout, canary or blueGreen, and the AnalysisTemplates that it names.

Source of the format: argoproj/argo-rollouts, docs/features/specification.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simab.documents.located import LocatedValue, Place
from simab.interop.argo_blue_green import blue_green_steps
from simab.interop.argo_keys import POD_FIELDS, ROLLOUT
from simab.interop.argo_templates import Templates
from simab.interop.documents import read_documents
from simab.interop.go_durations import optional_duration
from simab.interop.importing import Findings, Imported, built
from simab.interop.tables import MetricMap, TableSource, read_table
from simab.interop.unread import name_unread
from simab.policies.argo.rollouts import ArgoRollouts
from simab.scenario.suggestions import remedy_for_name
from simab.units import format_duration

__all__ = ["holds_policy", "imported", "recognises"]

_TEMPLATES: Final = ("AnalysisTemplate", "ClusterAnalysisTemplate")
_STEPS: Final = (
    "setWeight",
    "pause",
    "analysis",
    "setCanaryScale",
    "setHeaderRoute",
    "setMirrorRoute",
    "experiment",
    "plugin",
)
_IGNORED_STEPS: Final[Mapping[str, str]] = {
    "setCanaryScale": "instances are those of the scenario's variants; the step is left out",
    "setHeaderRoute": "requests have no headers here; the step is left out",
    "setMirrorRoute": "copies go by headers and paths, which requests lack here; it is left out",
}


def recognises(document: LocatedValue) -> bool:
    """Whether a document is of this tool."""
    version = document.at("apiVersion")
    return version is not None and str(version.value).startswith("argoproj.io/")


def holds_policy(document: LocatedValue) -> bool:
    """Whether a document is a policy, and not something that one refers to."""
    return _kind(document) == "Rollout"


def imported(files: Sequence[Path], table: TableSource) -> Imported:
    """The strategy of the one Rollout in the files.

    Raises:
        InvalidFiles: with every problem found.
    """
    documents = [document for file in files for document in read_documents(file)]
    rollout = _only_rollout(documents, files)
    return _Importer(documents, read_table(table)).policy(rollout)


def _only_rollout(documents: Sequence[LocatedValue], files: Sequence[Path]) -> LocatedValue:
    rollouts = [each for each in documents if _kind(each) == "Rollout"]
    if len(rollouts) > 1:
        remedy = "Import one at a time: put the others into files of their own."
        raise rollouts[1].need("kind").wrong("is the second Rollout", remedy)
    if rollouts:
        return rollouts[0]
    names = ", ".join(str(file) for file in files)
    start = documents[0] if documents else LocatedValue({}, Place(str(files[0]), 1, 1))
    remedy = "Name the file that holds it; AnalysisTemplates alone are not a policy."
    raise start.wrong(f"no Rollout in {names}", remedy)


class _Importer:
    """Translates a rollout; what it leaves out and what it cannot read gathers in `findings`."""

    def __init__(self, documents: Sequence[LocatedValue], table: MetricMap) -> None:
        self.findings = Findings()
        self.documents = documents
        self.table = table
        named = {
            each.need("metadata", "name").text(): each
            for each in documents
            if _kind(each) in _TEMPLATES
        }
        self.templates = Templates(named, table, self.findings)
        self.data: dict[str, Any] = {}
        self.largest = 100
        self.origins: dict[tuple[str | int, ...], LocatedValue] = {}

    def policy(self, rollout: LocatedValue) -> Imported:
        """The policy, or every problem at once."""
        strategy = rollout.need("spec", "strategy")
        blue_green = strategy.at("blueGreen")
        if blue_green is not None and strategy.at("canary") is not None:
            raise strategy.wrong("has two strategies, which the tool refuses", "Remove one.")
        if blue_green is not None:
            self.origins[()] = blue_green
            self.data["traffic_routing"] = True
            steps = blue_green_steps(blue_green, self.templates, self.findings, self.origins)
            self.data["steps"] = steps
        else:
            self._canary(rollout, strategy.need("canary"))
        self._resumed()
        self.templates.require_used_table()
        self._leave_out(rollout)
        self.findings.require_none()
        policy = built(ArgoRollouts, self.data, self.origins)
        name = rollout.at("metadata", "name")
        return Imported(
            "argo" if name is None else str(name.value),
            policy,
            tuple(dict.fromkeys(self.findings.notes)),
            rollout.place,
        )

    def _canary(self, rollout: LocatedValue, canary: LocatedValue) -> None:
        self.origins[()] = canary
        with self.findings.gathering():
            self._split(rollout, canary)
        kept = self._steps(canary)
        with self.findings.gathering():
            self._background(canary, kept)

    def _split(self, rollout: LocatedValue, canary: LocatedValue) -> None:
        """How weights become a split: by a router, or by replicas."""
        router = canary.at("trafficRouting")
        if router is not None:
            self.data["traffic_routing"] = True
            largest = router.at("maxTrafficWeight")
            if largest is not None:
                self.largest = largest.whole(1, 1_000_000)
            if self.largest != 100:
                self.data["max_traffic_weight"] = self.largest
            return
        replicas = rollout.at("spec", "replicas")
        self.data["replicas"] = 1 if replicas is None else replicas.whole(1, 1_000_000)
        surge, missing = canary.at("maxSurge"), canary.at("maxUnavailable")
        if surge is not None:
            self.data["surge"] = _some_replicas(surge)
            if not self.data["surge"] and missing is not None and not _some_replicas(missing):
                remedy = "Raise one of the two."
                raise surge.wrong("maxSurge and maxUnavailable cannot both be 0", remedy)
        if missing is not None:
            reason = "is not carried over: instances are those of the scenario's variants"
            self.findings.ignore(missing, reason)

    def _steps(self, canary: LocatedValue) -> list[int]:
        """Translate the steps; gives the numbers of those that are kept."""
        steps = canary.at("steps")
        kept: list[int] = []
        data: list[dict[str, Any]] = []
        for number, step in enumerate(() if steps is None else steps.listed()):
            with self.findings.gathering():
                translated = self._step(step, ("steps", len(data)))
                if translated is not None:
                    self.origins["steps", len(data)] = step
                    data.append(translated)
                    kept.append(number)
        if not data:
            self.findings.ignore(steps or canary, "no step is left: all traffic moves at once")
            data.append({"set_weight": self.largest})
        self.data["steps"] = data
        return kept

    def _step(self, step: LocatedValue, path: tuple[str | int, ...]) -> dict[str, Any] | None:
        given = step.named()
        unknown = next((each for each in given if each not in _STEPS), "")
        does = [each for each in given if each not in _IGNORED_STEPS]
        if unknown or not given or len(does) > 1:
            # Scale and routes may stand beside any of the others, and beside each other.
            rule = f"unknown step {unknown}" if unknown else "a step does one thing"
            raise step.wrong(rule, remedy_for_name(unknown, _STEPS, "Steps"))
        for name in given:
            if name in _IGNORED_STEPS:
                self.findings.ignore(given[name], _IGNORED_STEPS[name])
        if not does:
            return None
        name, value = does[0], given[does[0]]
        value.take()
        match name:
            case "setWeight":
                return {"set_weight": value.whole(0, self.largest)}
            case "pause":
                duration = optional_duration(value.at("duration"), bare_seconds=True)
                if duration == "0ns":
                    self.findings.ignore(value, "a pause of no length is left out")
                    return None
                if duration is None:
                    self.findings.ignore(step, self._who_resumes())
                    return {"pause": {}}
                return {"pause": {"duration": duration}}
            case "analysis":
                return {
                    "analysis": self.templates.metrics(value, (*path, "analysis"), self.origins)
                }
        remedy = "Remove the step, or replace it by an analysis."
        raise value.wrong(f"{name} runs what simab cannot know", remedy)

    def _who_resumes(self) -> str:
        after = self.table.table.resume_after
        if after is not None:
            return f"lasts until a person resumes it, here after {format_duration(after)}"
        return (
            "lasts until a person resumes it; give the policy a resume_after, or one in the file "
            "for --map, to have one do so"
        )

    def _resumed(self) -> None:
        """How long a person takes, where the rollout may wait for one."""
        waits = [
            each for each in self.data["steps"] if each.get("pause") == {} or "analysis" in each
        ]
        if waits or "background" in self.data:
            after = self.table.take("resume_after")
            if after is not None:
                self.data["resume_after"] = f"{after}ns"

    def _background(self, canary: LocatedValue, kept: Sequence[int]) -> None:
        analysis = canary.at("analysis")
        if analysis is None:
            return
        start = analysis.at("startingStep")
        asked = 0 if start is None else start.whole(0, 1_000_000)
        starting_step = sum(number < asked for number in kept)
        if start is not None and starting_step >= len(self.data["steps"]):
            analysis.take(whole=True)
            self.findings.ignore(analysis, "it would start after the last step that is kept")
            return
        path = ("background", "metrics")
        metrics = self.templates.metrics(analysis, path, self.origins)
        self.data["background"] = {"metrics": metrics, "starting_step": starting_step}
        self.origins["background",] = analysis

    def _leave_out(self, rollout: LocatedValue) -> None:
        """Note whatever else the files hold."""
        spec = rollout.need("spec")
        others = [name for name in spec.named() if name in POD_FIELDS]
        if others:
            self.findings.ignore(spec, f"{', '.join(others)} describe pods, not the policy")
        for document in self.documents:
            kind = _kind(document)
            if kind not in ("Rollout", *_TEMPLATES):
                named = document.at("metadata", "name")
                shown = "" if named is None else f" {named.value}"
                self.findings.ignore(
                    document.at("kind") or document,
                    f"{kind or 'a document'}{shown} is not a policy",
                )
        name_unread(rollout, ROLLOUT, self.findings)
        self.templates.note_unused()


def _some_replicas(located: LocatedValue) -> bool:
    """Whether a count such as 2 or a percentage such as "25%" lets any replica go; Argo's rule."""
    text = located.text()
    if not re.fullmatch(r"[0-9]{1,9}%?", text):
        raise located.wrong("must be a whole number or a percentage", 'Write 1 or "25%", say.')
    return int(text.rstrip("%")) > 0


def _kind(document: LocatedValue) -> str:
    kind = document.at("kind")
    return "" if kind is None else str(kind.value)
