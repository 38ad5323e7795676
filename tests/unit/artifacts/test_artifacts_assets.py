"""The pictures of the tests are found through the same store."""

import pytest

from assets import asset_path
from securevision.errors import NotFound


def test_a_picture_that_is_not_pinned_is_not_found() -> None:
    with pytest.raises(NotFound):
        asset_path("nobody.jpg")
