"""The command line: `gemma-distress COMMAND`, the same as `python -m gemma_distress COMMAND`.

Commands import what they need when they run, so that `--help` comes at once. A mistake of the user's is one
sentence and exit code 2.
"""

import click

from gemma_distress.commands.agreement import agreement
from gemma_distress.commands.compare import compare
from gemma_distress.commands.gate import gate
from gemma_distress.commands.label import label
from gemma_distress.commands.organism import organism
from gemma_distress.commands.plan import plan
from gemma_distress.commands.report import report
from gemma_distress.commands.run import run
from gemma_distress.commands.words import words


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure how a model's expressed distress grows when its answers are rejected.

    \b
    gemma-distress run --model openai/gpt-4.1-mini --dry-run
    """


for command in (run, report, compare, gate, plan, agreement, label, words, organism):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="gemma-distress")
