"""How hard properties are tried: ``HYPOTHESIS_PROFILE=thorough`` tries thirty times as many."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"


def effort(examples: int, steps: int = 50) -> settings:
    """Settings for a property: so many examples, and at most so many steps of a history each."""
    return settings(
        max_examples=examples * (30 if THOROUGH else 1),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
