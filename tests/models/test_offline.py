"""Providers that take no settings refuse what would be ignored."""

import pytest
from inspect_ai.model import get_model

from gemma_distress.errors import UsageError


@pytest.mark.parametrize("model", ["gemma_distress/lexical", "gemma_distress/repertoire"])
def test_a_setting_that_would_be_ignored_is_refused(model: str):
    with pytest.raises(UsageError, match=f"{model} takes no model arguments, but got top, depth"):
        get_model(model, top=1, depth=2)
    assert str(get_model(model)) == model
