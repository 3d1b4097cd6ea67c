"""What the command line says of an account that is served: its scenario, and who plays what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from simab.cli.scripts import named_players, say_defaults
from simab.errors import InvalidInput
from simab.text.lists import listed

if TYPE_CHECKING:
    from datetime import datetime

    from simab.aws.account import Account
    from simab.aws.answers import Answers
    from simab.scenario.models import Scenario

__all__ = ["ServedScenario"]

_NEEDED: Final = ("boto3", "starlette", "uvicorn")


@dataclass(frozen=True, slots=True)
class ServedScenario:
    """A scenario as an account, with what the options say."""

    file: str
    endpoint: str
    models: tuple[str, ...]
    answers: str
    seed: int | None
    replication: int
    engine: str

    def account(self, start: str, scrape_s: int, namespace: str, *, quiet: bool) -> Account:
        """An account without any endpoint; `start` is a date, "now", or empty.

        Prometheus would scrape it every `scrape_s`, in a namespace.

        Raises:
            InvalidInput: what is not installed, or an option that cannot be read.
            InvalidScenario: the file is faulty.
        """
        from dataclasses import replace

        _require_installed()
        from simab.aws.account import Account, Settings
        from simab.aws.model_table import load_served

        served = load_served(self.file)
        if self.endpoint:
            self._require_name()
        settings = Settings(
            played_by={**served.played_by, **self._players(served.scenario)},
            engine=self.engine,
            scrape_ns=scrape_s * 10**9,
            namespace=namespace,
        )
        if settings.scrape_ns % settings.window_ns:
            window_s = settings.window_ns // 10**9
            raise InvalidInput(f"--scrape {scrape_s}: must be a multiple of {window_s}")
        if start:
            settings = replace(settings, start=_date(start))
        account = Account(
            served.scenario,
            seed=served.scenario.study.seed if self.seed is None else self.seed,
            replication=self.replication,
            settings=settings,
            answers=self._answers() if self.answers else None,
        )
        say_defaults(served, self.file, quiet=quiet)
        return account

    def _require_name(self) -> None:
        """Refuse a name that the platform's endpoints cannot have."""
        from simab.aws.checks.constraints import check_input
        from simab.aws.errors import ServiceError
        from simab.aws.server.requests import operation_model

        asked = operation_model("sagemaker", "DescribeEndpoint")
        try:
            check_input(asked, {"EndpointName": self.endpoint})
        except ServiceError as refused:
            raise InvalidInput(f"--endpoint {self.endpoint}: {refused}") from None

    def _players(self, scenario: Scenario) -> dict[str, list[str]]:
        found, known = named_players(self.models), scenario.endpoint.variants
        for name in (each for names in found.values() for each in names):
            if name not in known:
                raise InvalidInput(
                    f"--model ...={name}: {self.file} has the variants {listed([*known])}"
                )
        return found

    def _answers(self) -> Answers:
        from simab.aws.scripts.rehearsing import answers_from
        from simab.aws.server.model_errors import AnswersOrModelErrors

        try:
            return AnswersOrModelErrors(answers_from(self.answers))
        except InvalidInput as refused:
            raise InvalidInput(f"--{refused}") from None
        except Exception as error:  # noqa: BLE001  # a file of the user's may raise anything
            raise InvalidInput(
                f"--answers {self.answers}: the file raised {type(error).__name__}: {error}"
            ) from None


def _require_installed() -> None:
    from importlib.util import find_spec

    lacking = [name for name in _NEEDED if find_spec(name) is None]
    if lacking:
        raise InvalidInput(
            f"simab serve needs {listed(lacking)}, which cannot be imported; "
            "`pip install 'simab[serve]'` brings all that it needs"
        )


def _date(text: str) -> datetime:
    """A date and time; without a time zone it is UTC."""
    from datetime import UTC, datetime

    if text == "now":
        return datetime.now(UTC)
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--start {text}: write 2026-01-05T09:00, or now") from None
    if not 1970 <= date.year <= 2200:
        raise InvalidInput(f"--start {text}: must be from 1970 to 2200")
    return date if date.tzinfo else date.replace(tzinfo=UTC)
