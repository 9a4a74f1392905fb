"""A local WildChat source, so that no test of the tasks needs the hub."""

import json

import pytest


@pytest.fixture(scope="session")
def wildchat_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Thirty rows of WildChat's schema, all of which pass the filters."""
    path = tmp_path_factory.mktemp("wildchat") / "thirty.jsonl"
    with path.open("w") as stream:
        for number in range(30):
            asked = f"Please describe how the bridge of village number {number} was built."
            conversation = [
                {"role": "user", "content": asked},
                {"role": "assistant", "content": "With pleasure."},
            ]
            row = {"conversation_hash": f"{number:032x}", "language": "English"}
            stream.write(json.dumps(row | {"conversation": conversation}) + "\n")
    return str(path)
