"""The provider: which models it has, what it refuses, and how Inspect is to treat them."""

import pytest
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfig, Model, get_model

from gemma_distress.errors import UsageError
from gemma_distress.models.lexical import LexicalAPI
from gemma_distress.models.organism import OrganismAPI
from gemma_distress.models.provider import MODELS

pytestmark = pytest.mark.usefixtures("no_network")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_it_names_can_be_made(name: str):
    model = get_model(f"gemma_distress/{name}")
    assert isinstance(model, Model)
    assert str(model) == f"gemma_distress/{name}"


@pytest.mark.parametrize(
    "name",
    ["lexcal", "Lexical", "lexical/2", "lexical:dir", "organisms", "organism/2", "gemma-3-27b-it"],
)
def test_an_unknown_model_is_refused_with_those_there_are(name: str):
    with pytest.raises(UsageError) as caught:
        get_model(f"gemma_distress/{name}")
    assert f"no model gemma_distress/{name}" in str(caught.value)
    assert all(f"gemma_distress/{known}" in str(caught.value) for known in MODELS)
    assert isinstance(caught.value, PrerequisiteError)  # Inspect prints these without a traceback


def test_model_arguments_are_refused_by_name():
    with pytest.raises(UsageError, match=r"no model arguments.*threshold.*Remove -M"):
        get_model("gemma_distress/lexical", threshold=3)


def test_each_has_a_pool_of_connections_of_its_own():
    rater = get_model("gemma_distress/lexical").api
    organism = get_model("gemma_distress/organism").api
    assert isinstance(rater, LexicalAPI)
    assert isinstance(organism, OrganismAPI)
    assert len({rater.connection_key(), organism.connection_key(), "default", ""}) == 4
    assert rater.max_connections() >= 1
    assert organism.max_connections() > rater.max_connections()


def test_settings_of_a_role_are_taken_and_change_nothing():
    model = get_model("gemma_distress/lexical", config=GenerateConfig(temperature=0.3))
    assert model.config.temperature == 0.3
