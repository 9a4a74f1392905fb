"""The command line: `gemma-distress COMMAND`, the same as `python -m gemma_distress COMMAND`.

Commands import what they need when they run, so that `--help` comes at once. A mistake of the user's is one
sentence and exit code 2.
"""

import click

from gemma_distress.commands.organism import organism
from gemma_distress.commands.run import run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure how a model's expressed distress grows when its answers are rejected.

    \b
    gemma-distress run --model openai/gpt-4.1-mini --dry-run
    """


main.add_command(run)
main.add_command(organism)

if __name__ == "__main__":
    main(prog_name="gemma-distress")
