"""Training of adapters, on pairs with DPO or on calm conversations with SFT, and the merge into full weights.

    from gemma_distress.finetune.presets import dpo_settings
    from gemma_distress.finetune.training.dpo import dpo

    dpo(Path("pairs.parquet"), "google/gemma-3-27b-it", Path("adapter"), dpo_settings("paper"))

`tokens` turns conversations into what is learned, `base` loads the model, `trainers` adapts TRL's trainers,
`run` trains in an output folder, with checkpoints, and `adapter` and `card` write what comes out.
"""
