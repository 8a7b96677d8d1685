"""The description holds: requests made from it, good and bad, never meet an undescribed answer."""

from __future__ import annotations

import contextlib

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

from tests.streams.gateway.stack import Stack

load_all_checks()
LEFT_OUT = {
    # What fits the description may still be unknown, claimed by somebody, or no pack.
    "positive_data_acceptance",
    # Ids that are not there are answered with 404, as described.
    "use_after_free",
    "ensure_resource_availability",
}
CONFIG = {
    "request-timeout": 30,  # a gateway waits ten seconds for the stream
    # 413 refuses as 422 does, and sooner.
    "checks": {
        "negative_data_rejection": {
            "expected-statuses": ["400", "401", "403", "404", "405", "409", "413", "422"]
        }
    },
}
PAUSES = "/v1/directives/pauses"
CHECKED = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_no_request_made_from_the_description_meets_an_undescribed_answer(
    stack: Stack, mode: GenerationMode
) -> None:
    config = SchemathesisConfig.from_dict(CONFIG)
    description = schemathesis.openapi.from_url(f"{stack.url}/v1/openapi.json", config=config)
    headers = {"Authorization": f"Bearer {stack.keys['all']}"}
    tried = set()
    for found in description.get_all_operations():
        operation = found.ok()
        if operation.path == "/v1/live":  # it has no end
            continue
        tried.add(operation.label)

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(
            max_examples=12,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            database=None,
        )
        def holds(case: schemathesis.Case) -> None:
            if case.path == PAUSES and isinstance(case.body, dict):
                case.body["accounts"] = ["nobody"]  # or it would hold what other tests do
            case.call_and_validate(headers=headers, checks=CHECKED)

        with contextlib.suppress(Unsatisfiable):  # of what takes nothing, nothing can be wrong
            holds()
    assert len(tried) >= 20
