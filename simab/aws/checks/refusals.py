"""How each service words a request that breaks constraints of its model.

There are two wordings. Most services name all broken constraints in one sentence, as
`1 validation error detected: Value 'a_b' at 'modelName' failed to satisfy constraint: ...`.
The operations that read metrics say one line for each parameter, as
`The parameter Statistics.member.1 must be a value in the set [ Sum, Average ].`
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from simab.aws.checks.shapes import COLLECTIONS, OperationModel
from simab.aws.checks.violations import Constraint, MapKey, Part, Violation, shortened
from simab.aws.errors import ServiceError

__all__ = ["refusal"]

# Operations that say one line for each parameter, and the codes for a wrong and a missing one.
_READS_OF_METRICS: Final = {
    "GetMetricData": ("ValidationError", "ValidationError"),
    "GetMetricStatistics": ("InvalidParameterValue", "MissingParameter"),
    "ListMetrics": ("InvalidParameterValue", "MissingParameter"),
}
_CODES: Final = {"cloudwatch": "ValidationError", "sagemaker-runtime": "ValidationError"}

_CONSTRAINTS: Final = {
    "given": "Member must not be null",
    "longest": "Member must have length less than or equal to {}",
    "shortest": "Member must have length greater than or equal to {}",
    "most": "Member must have value less than or equal to {}",
    "least": "Member must have value greater than or equal to {}",
    "pattern": "Member must satisfy regular expression pattern: {}",
    "enum": "Member must satisfy enum value set: [{}]",
    "members": "Member must satisfy constraint: [{}]",
    "keys": "Map keys must satisfy constraint: [{}]",
    "values": "Map value must satisfy constraint: [{}]",
}

# Of the parameter's name, its limit and its value.
_PARAMETER_LINES: Final = {
    "given": "The parameter {} is required.",
    "longest": "The parameter {} must be shorter than {} characters.",
    "shortest": "The parameter {} must be longer than {} characters.",
    "most": "The parameter {} must be less than or equal to {}.",
    "least": "The parameter {} must be greater than or equal to {}.",
    "pattern": "The value {2} for parameter {0} is not matching the expected pattern {1}.",
    "enum": "The parameter {} must be a value in the set [ {} ].",
}
_COLLECTION_LINES: Final = {
    "longest": "The collection {} must not have a size greater than {}.",
    "shortest": "The collection {} must not have a size less than {}.",
}


def refusal(operation: OperationModel, found: Sequence[Violation]) -> ServiceError:
    """What the service answers to a request with these violations, of which there is one."""
    service = operation.service_model.service_name
    if service == "cloudwatch" and operation.name in _READS_OF_METRICS:
        wrong, missing = _READS_OF_METRICS[operation.name]
        absent = [each for each in found if each.constraint.kind == "given"]
        lines = "\n".join(_parameter_line(each) for each in absent or found)
        return ServiceError(missing if absent else wrong, lines)
    counted = f"{len(found)} validation error{'s' * (len(found) > 1)} detected"
    message = f"{counted}: {'; '.join(map(_clause, found))}"
    return ServiceError(_CODES.get(service, "ValidationException"), message)


def _clause(violation: Violation) -> str:
    place = _camel_path(violation.path)
    constraint = _constraint_text(violation.constraint)
    return f"Value{violation.shown} at '{place}' failed to satisfy constraint: {constraint}"


def _constraint_text(constraint: Constraint) -> str:
    limit = constraint.limit
    if constraint.kind == "enum":
        limit = ", ".join(limit)
    elif constraint.kind in {"members", "keys", "values"}:
        limit = ", ".join(map(_constraint_text, limit))
    return _CONSTRAINTS[constraint.kind].format(limit)


def _camel_path(path: tuple[Part, ...]) -> str:
    """As `productionVariants.1.member.variantName`."""
    return ".".join(map(_camel_part, path))


def _camel_part(part: Part) -> str:
    if isinstance(part, int):
        return f"{part}.member"
    return shortened(part) if isinstance(part, MapKey) else part[:1].lower() + part[1:]


def _parameter_line(violation: Violation) -> str:
    """One sentence on one parameter, such as `Dimensions.member.1.Value`."""
    violation = violation.within or violation
    name = ".".join(
        f"member.{part}" if isinstance(part, int) else shortened(part) for part in violation.path
    )
    kind, limit = violation.constraint
    if kind == "enum":
        limit = ", ".join(limit)
    elif kind in {"longest", "shortest"} and violation.type_name in COLLECTIONS:
        return _COLLECTION_LINES[kind].format(name, limit)
    elif kind == "longest":
        limit += 1
    elif kind == "shortest":
        limit -= 1
    return _PARAMETER_LINES[kind].format(name, limit, violation.shown[2:-1])
