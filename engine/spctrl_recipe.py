"""How SP-Ctrl is trained: the numbers of its recipe, with presets of the paper and for smaller machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.keypoint_words import PoseKind
from engine.networks.keypoint_concepts import LossKind, Target, published_block
from engine.networks.spctrl import Limbs
from engine.spctrl_data import Condition
from engine.training import Precision


@dataclass(frozen=True)
class Recipe:
    """How a ControlNet learns poses; what is here by default is the paper's (arXiv 2506.20983) for AP-10K.

    `built` names the size of a random base to train on; "" wants a trained one. Pictures are `side` px. `condition` is
    how the pose is told: SP-Ctrl's map in `channels`, in which limbs say `limbs`. `bounded` puts its joints through a
    sigmoid, `joints_from` is where their vectors begin, `learn_joints` and `learn_limbs` train these too, `detach`
    keeps limbs that are made of joints from it.

    With `words` the 17 joints' words are learned. `concepts` weighs the loss on where the ControlNet's `block` looks
    for them, at timesteps within `window`, without its bounds; `detach_query` lets only keys and words learn from it.
    `empty`, `named` and `body` are chances (engine.spctrl_data).

    `learning_rate` is the ControlNet's, `word_rate` the words' (`rate_of_words`); gradients of both are clipped at
    `clip`, each on its own. `optimizer` is AdamW or Muon, whose `learning_rate` is a matrix' step, and a tenth of it
    Adam's for all else.

    `most_snr` is the signal-to-noise ratio from which a time's error counts less, and with `weigh_channels` a channel's
    counts as much as the channel deviates (engine.loss_weights); the first needs a base that predicts velocity. Near
    what is drawn of the pose an error counts `figures` times, as HumanSD's (2304.04269) do.

    For short runs: `warmup` steps of rising rate, a last share `cooldown` of `steps` along which it falls to 0, and
    `ema`, the decay of the weights' running mean, which is then what is saved.
    """

    kind: PoseKind = "animal"
    built: str = ""
    side: int = 512
    condition: Condition = "spctrl"
    channels: int = 3
    limbs: Limbs = "one"
    bounded: bool = False
    joints_from: Literal["chance", "names"] = "chance"
    learn_joints: bool = False
    learn_limbs: bool = False
    detach: bool = False
    words: bool = True
    concepts: float = 0.1
    detach_query: bool = True
    block: str = published_block
    window: tuple[float, float] = (250.0, 500.0)
    target: Target = "disc"
    concept_loss: LossKind = "mse"
    empty: float = 0.5
    named: float = 0.8
    body: float = 0.0
    steps: int = 280_000
    batch: int = 20
    most_snr: float | None = None
    weigh_channels: bool = False
    figures: float = 1.0
    accumulate: int = 1
    optimizer: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = 1e-5
    warmup: int = 0
    cooldown: float = 0.0
    ema: float | None = None
    word_rate: float = 0.5
    word_decay: float = 0.5
    word_epochs: int = 100
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 1e-2
    epsilon: float = 1e-8
    clip: float = 1.0
    precision: Precision = "fp16"
    seed: int = 0


recipes: dict[str, Recipe] = {
    # Published: 800 epochs of 352 steps were planned; these are the steps whose weights were taken.
    "paper-ap10k": Recipe(),
    "paper-humanart": Recipe(kind="human", steps=528_000),
    # On sd-mini: its latents of a picture are 16 × 16, so the words are looked for in the second block, at 8 × 8.
    "mini": Recipe(
        kind="human", side=128, block="down_blocks.1", empty=0.1, steps=2000, batch=16, most_snr=5.0,
        weigh_channels=True, figures=5.0, optimizer="muon", learning_rate=0.01, warmup=20, cooldown=0.4, ema=0.99,
        word_rate=0.005, precision="bf16",
    ),
    "tiny": Recipe(
        kind="human", built="tiny", side=64, steps=400, batch=4, learning_rate=2e-3, word_rate=0.05, empty=0.2,
        named=1.0, precision="fp32",
    ),
}  # fmt: skip


def rate(recipe: Recipe, step: int) -> float:
    """Learning rate of all but the words in step number `step`, from 0."""
    rising = min(1.0, (step + 1) / recipe.warmup) if recipe.warmup else 1.0
    left = (recipe.steps - step) / (recipe.cooldown * recipe.steps) if recipe.cooldown else 1.0
    return recipe.learning_rate * max(0.0, min(rising, left))


def rate_of_words(recipe: Recipe, step: int, steps_an_epoch: int) -> float:
    """Learning rate of the words in step number `step`, from 0.

    As published: the whole rate once, from then on halved, and halved again every 100 epochs, the first time an epoch
    early.
    """
    if step == 0:
        return recipe.word_rate
    epoch = (step - 1) // steps_an_epoch
    return recipe.word_rate * recipe.word_decay ** ((epoch + 1) // recipe.word_epochs + 1)
