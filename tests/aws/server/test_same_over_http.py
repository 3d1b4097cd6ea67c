"""All that is tried of a platform in process holds over HTTP as well, word for word."""

from __future__ import annotations

import pytest

from tests.aws.test_alarms import *  # noqa: F403
from tests.aws.test_endpoints import *  # noqa: F403
from tests.aws.test_guarded_updates import *  # noqa: F403
from tests.aws.test_metrics import *  # noqa: F403
from tests.aws.test_scaling import *  # noqa: F403

pytestmark = pytest.mark.long
