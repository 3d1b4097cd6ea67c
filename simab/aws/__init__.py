"""AWS in simulated time: boto3 code that runs unchanged against a simulated endpoint.

`simab[aws]` installs what it needs. Nothing here is loaded with `import simab`.
"""

from simab.aws.account import Account, Settings
from simab.aws.answers import FunctionAnswers, ProfileAnswers, RecordedAnswers
from simab.aws.errors import NotRehearsable, RehearsalOver
from simab.aws.in_process import session_of
from simab.aws.model_table import Served, load_served, served_models
from simab.aws.scripts.script_policy import ScriptPolicy, script_policy
from simab.aws.simulated import simulated

__all__ = [
    "Account",
    "FunctionAnswers",
    "NotRehearsable",
    "ProfileAnswers",
    "RecordedAnswers",
    "RehearsalOver",
    "ScriptPolicy",
    "Served",
    "Settings",
    "load_served",
    "script_policy",
    "served_models",
    "session_of",
    "simulated",
]
