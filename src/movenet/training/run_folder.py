"""Names of the files in the folder of a training run."""

from __future__ import annotations

from typing import Final

MODEL_FILE: Final = "model.onnx"
"""The trained model; also its name in a repository on the Hugging Face Hub."""
LOG_FILE: Final = "log.csv"
"""Metrics by step."""
CHECKPOINT_FILE: Final = "checkpoint.pt"
"""The state to continue from."""
REPORT_FILE: Final = "report.html"
"""Comparison of the models before and after training."""
