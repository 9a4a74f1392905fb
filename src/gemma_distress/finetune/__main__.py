"""The command line of the mitigation: `python -m gemma_distress.finetune COMMAND`.

Commands import what they need when they run, so that `--help` comes at once.
"""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Calm data, preference pairs, an adapter, a server, and the same evaluation again.

    \b
    python -m gemma_distress.finetune run --preset organism
    """


if __name__ == "__main__":
    main(prog_name="python -m gemma_distress.finetune")
