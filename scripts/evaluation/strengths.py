"""How strong each baseline is in each task: a factor before its penalty, beside the task's own weight of a prior.

The paper's weights suit the paper's prior; a baseline at them would lose for no fault of its own. Each factor is the
best of a grid of powers of ten, then a third and three times the best, on open held-out poses, never on captured ones:
`python scripts/evaluate_dposer.py --task TASK --tune --poses POSES --baselines BASELINES` prints the grid.
"""

from __future__ import annotations

from collections.abc import Mapping

strengths: Mapping[str, Mapping[str, float]] = {
    "hand-ik": {"L2": 0.3, "GMM": 0.0003, "VAE": 1.0},
    "hand-noise": {"L2": 0.03, "GMM": 0.0001, "VAE": 0.001},
    # Nothing lowers the error below no prior's: the least of the grid.
    "denoising": {"L2": 1.0, "GMM": 0.0001, "VAE": 0.0001, "DPoser-X, open, tuned": 3.0},
    "fitting": {"L2": 100.0, "GMM": 100.0, "VAE": 10.0, "DPoser-X, open, tuned": 30.0},
    "face-ik": {"L2": 30.0},
}
