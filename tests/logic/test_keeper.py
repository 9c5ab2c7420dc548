"""What a killed master leaves is kept often, and costs a run little however long it is."""

from __future__ import annotations

import pytest

from tests.support import lean  # noqa: F401 - Locust is asked not to patch this process

# after it, on purpose
from lab.engine.keeper import SAVES_EVERY_SECONDS, SAVES_SHARE, next_save  # isort: skip


@pytest.mark.parametrize("took", [0.0, 0.001, 0.02, 0.1, 3.0])
def test_what_is_known_is_kept_in_a_small_share_of_the_time(took: float) -> None:
    waits = next_save(100.0, 100.0 + took) - 100.0
    assert waits >= SAVES_EVERY_SECONDS
    assert took / waits <= SAVES_SHARE * 1.001
    assert waits == pytest.approx(max(SAVES_EVERY_SECONDS, 250 * took))
