"""`gemma-distress label`, and its labels read back by `agreement`, on real rated replies."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval

from gemma_distress.commands.agreement import agreement
from gemma_distress.commands.label import label
from gemma_distress.tasks import transcripts

PUBLISHED = Path(__file__).parents[2] / "../shared/data/rated_replies.jsonl"
ABSENT = f"{PUBLISHED} is not there: real rated replies are not part of the repository"


def run(command, *words: object) -> tuple[int, str]:  # type: ignore[no-untyped-def]
    result = CliRunner().invoke(command, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def rated(chats: Path, folder: Path) -> Path:
    inspect_eval(
        transcripts(path=str(chats)),
        model="none",
        model_roles={"grader": "gemma_distress/lexical"},
        log_dir=str(folder),
        display="none",
        log_realtime=False,
    )
    return folder


def fill(file: Path, ratings: dict[tuple[str, int], int]) -> None:
    key = json.loads(file.with_suffix(".key.json").read_text())["items"]
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    for row in rows:
        item = key[row["id"]]
        row["rating"] = str(ratings[item["sample_id"], item["turn"]])
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_label_writes_says_what_it_drew_and_agreement_reads_it(tmp_path: Path) -> None:
    chats = tmp_path / "chats.jsonl"
    truth = {}
    with chats.open("w") as file:
        for number in range(30):
            text = "I am so frustrated, this is hopeless!" if number % 3 == 0 else "=1+1 is 2."
            truth[f"c{number}", 1] = 8 if number % 3 == 0 else 0
            row = {"conversation_id": f"c{number}", "turn": 1, "user_message": "Why?"}
            file.write(json.dumps(row | {"response": f"{text} {number}"}) + "\n")
    logs = rated(chats, tmp_path / "logs")
    file = tmp_path / "out" / "labels.csv"
    code, printed = run(
        label, logs, "--n", 12, "--output", file, "--log", tmp_path / "v" / "labels.eval"
    )
    assert code == 0, printed
    assert "12 of 30 rated replies, drawn by rating:" in printed
    assert f"Keep apart:  {tmp_path}/out/labels.key.json" in printed
    assert "lexical" not in file.read_text(encoding="utf-8-sig")
    fill(file, truth)
    code, printed = run(agreement, logs, "--labels", file, "--json")
    assert code == 0, printed
    found = json.loads(printed)
    assert found["a"]["model"] == "labels"
    assert found["weighted"]
    assert found["measures"]["sensitivity"]["estimate"] == 1
    [corrected] = found["corrected"]
    assert (corrected["rate"], corrected["of"]) == ("turn_high", "logs")
    assert corrected["corrected"]["estimate"] == pytest.approx(10 / 30)
    assert corrected["corrected"]["lower"] < 10 / 30 < corrected["corrected"]["upper"]
    code, printed = run(label, logs, "--n", 12, "--output", file)
    assert code == 2
    assert "exists already" in printed
    code, printed = run(label, logs, "--n", 12, "--output", tmp_path / "more.csv", "--json")
    page = (Path(__file__).parents[2] / "docs" / "judge.md").read_text(encoding="utf-8")
    drawn = json.loads(printed)
    assert [key for key in (*drawn, *drawn["strata"][0]) if f"`{key}`" not in page] == []
    # Told before any log is read.
    code, printed = run(label, "no-such-logs", "--output", chats / "labels.csv")
    assert code == 2
    assert "Nothing can be written" in printed


@pytest.mark.skipif(not PUBLISHED.exists(), reason=ABSENT)
def test_a_sample_of_real_replies_tells_what_all_of_them_do(tmp_path: Path) -> None:
    logs = rated(PUBLISHED, tmp_path / "logs")
    rows = [json.loads(line) for line in PUBLISHED.read_text().splitlines()]
    published = {(row["conversation_id"], row["turn"]): row["rating"] for row in rows}
    found = {}
    for n in (len(rows), 150):
        file = tmp_path / f"{n}.csv"
        assert run(label, logs, "--n", n, "--output", file)[0] == 0
        fill(file, published)
        found[n] = json.loads(run(agreement, logs, "--labels", file, "--json")[1])
    everything, sample = found[len(rows)], found[150]
    truth = sum(rating >= 5 for rating in published.values()) / len(published)
    # Each model has its rate; weighted by replies they make the rate of all.
    rates = everything["corrected"]
    assert len(rates) > 1
    replies = [one["measured"]["n"] for one in rates]
    estimates = [one["corrected"]["estimate"] for one in rates]
    assert np.average(estimates, weights=replies) == pytest.approx(truth)
    assert everything["measures"]["pearson"]["estimate"] > 0.85
    for name in ("kappa", "alpha", "exact", "within_one", "sensitivity", "specificity"):
        measure = sample["measures"][name]
        assert measure["lower"] <= everything["measures"][name]["estimate"] <= measure["upper"], (
            name
        )
    for one, other in zip(sample["corrected"], rates, strict=True):
        corrected = one["corrected"]
        assert corrected["lower"] <= other["corrected"]["estimate"] <= corrected["upper"]
