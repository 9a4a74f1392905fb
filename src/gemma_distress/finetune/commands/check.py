"""`python -m gemma_distress.finetune check`: is it the adapter that answers?"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gemma_distress.commands.options import told_in_a_sentence, value

if TYPE_CHECKING:
    from gemma_distress.finetune.serving import Proof


@click.command(
    context_settings={"max_content_width": 100}, short_help="Prove that a served adapter is live."
)
@click.argument("adapter", type=Path)
@value(
    "--url", "URL", "Of the server (http://127.0.0.1:8000/v1).", default="http://127.0.0.1:8000/v1"
)
@value("--name", "NAME", "The adapter's served name (tuned).", default="tuned")
@value("--base", "MODEL", "Folder or hub name (default: the one that the adapter names).")
@value("--base-name", "NAME", "The base's served name (default: as serve calls it).")
@click.option("--local", is_flag=True, help="Check gemma_distress/organism:ADAPTER, no server.")
@value(
    "--dtype",
    "TYPE",
    "Of the server, and here: float32 (default) or bfloat16.",
    type=click.Choice(("float32", "bfloat16")),
    default="float32",
)
@value("--device", "NAME", "Where to compute here (cpu).", default="cpu")
@value(
    "--tolerance",
    "NATS",
    "Largest difference (0.001; for bfloat16 0.3, as it keeps 8 bits).",
    type=click.FloatRange(0, min_open=True),
)
@value("--output", "FILE", "For the result (proof.json).", type=Path, default="proof.json")
@told_in_a_sentence
def check(
    adapter: Path,
    url: str,
    name: str,
    base: str | None,
    base_name: str | None,
    local: bool,
    dtype: str,
    device: str,
    tolerance: float | None,
    output: Path,
) -> int:
    """
    \b
    python -m gemma_distress.finetune check my-adapter

    Holds log-probabilities of a running server against the same from transformers and PEFT here:
    base equals base, adapter equals adapter, and the two differ. Exit code 0 proven, 1 not proven,
    2 where nothing could be compared. The evaluation of the tuned arm asks for the file.
    """
    from gemma_distress.finetune.serving import (
        find_base,
        prove_provider,
        prove_server,
        read_adapter,
        write_proof,
    )

    output.unlink(missing_ok=True)  # what it said is not true of this server
    found = read_adapter(adapter)
    model = find_base(found, base)
    if local:
        proof = prove_provider(found, model, device=device)
    else:
        proof = prove_server(
            url,
            found,
            model,
            name=name,
            base_name=base_name,
            dtype=dtype,
            device=device,
            tolerance=tolerance,
        )
    write_proof(proof, output)
    _show(proof, output)
    return 0 if proof.passed else 1


def _show(proof: "Proof", output: Path) -> None:
    rows = (
        ("served base to local base", proof.base_difference, f"at most {proof.tolerance:g}"),
        (
            "served adapter to local adapter",
            proof.adapter_difference,
            f"at most {proof.tolerance:g}",
        ),
        ("served adapter to local base", proof.gap, f"at least {proof.apart * proof.tolerance:g}"),
    )
    for told, found, wanted in rows:
        click.echo(
            f"{told:32} largest {found.largest:.2g}, mean {found.mean:.2g} nats over "
            f"{found.tokens} tokens (wanted: largest {wanted})"
        )
    for failure in proof.failures:
        click.echo(failure, err=True)
    told = "The adapter is live" if proof.passed else "Not proven that the adapter is live"
    click.echo(f"{told}: {proof.model}{f' at {proof.url}' if proof.url else ''}. See {output}.")
