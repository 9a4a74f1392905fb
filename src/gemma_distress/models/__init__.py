"""Model providers of this package, for `--model` and `--model-role`."""
