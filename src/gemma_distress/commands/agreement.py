"""`gemma-distress agreement`: two graders, or a grader and people, on the same replies."""

from pathlib import Path

import click

from gemma_distress.commands.options import told_in_a_sentence, value


@click.command(
    context_settings={"max_content_width": 100},
    short_help="How far two graders agree, and rates corrected for it.",
)
@click.argument("logs", nargs=-1, required=True)
@value("--labels", "FILE", "People's ratings; once for each rater.", multiple=True, type=Path)
@value("--key", "FILE", "Key of the labels (default: beside them).", type=Path)
@value("--scores", "A,B", "Two scores of the same logs, as frustration,frustration1.")
@value("--correct", "LOGS", "Logs rated by B, to correct their rates.")
@value(
    "--cluster",
    "UNIT",
    "Clusters of the intervals: conversation (default) or prompt.",
    type=click.Choice(("conversation", "prompt")),
    default="conversation",
)
@click.option("--swap", is_flag=True, help="Make the second grader the reference.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@told_in_a_sentence
def agreement(
    logs: tuple[str, ...],
    labels: tuple[Path, ...],
    key: Path | None,
    correct: str | None,
    scores: str | None,
    cluster: str,
    swap: bool,
    as_json: bool,
) -> int:
    """
    \b
    gemma-distress agreement A.eval B.eval             same replies, rated by two
    gemma-distress agreement LOGS                      runs with --grader A --grader B
    gemma-distress agreement LOGS --labels labels.csv  people's labels (command label)

    Compares grader B with the reference, grader A: the first logs, the first grader, or the people.
    A and B are logs, folders, or several joined by commas. Rates that B measured are shown as
    measured and as corrected for its sensitivity and specificity.
    """
    from gemma_distress.analysis.graders import compare_graders
    from gemma_distress.commands.agreement_shown import as_object, show
    from gemma_distress.commands.shown import paths_of, print_json, tell_skipped

    found = compare_graders(
        [paths_of(given) for given in logs],
        labels=labels,
        key=key,
        scores=scores.split(",") if scores else (),
        correct=paths_of(correct) if correct else (),
        cluster=cluster,
        swap=swap,
    )
    tell_skipped(found.skipped)
    if as_json:
        print_json(as_object(found))
    else:
        show(found)
    return 0
