"""A ControlNet whose pose is guided towards, as the words are."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.controlnets.controlnet import ControlNetModel


class GuidedControlNet(ControlNetModel):
    """A ControlNet at its whole strength where a pipeline paints with `guess_mode`.

    In that mode half of each step, the one without words, is not told the pose either: guidance strengthens the
    difference both make (2207.12598, eq. 6, with the pose in the condition). Diffusers' own ControlNet would also fade
    its features towards the fine ones, as is wanted where there are no words at all.
    """

    def forward(self, *args: Any, guess_mode: bool = False, **kwargs: Any) -> Any:
        """As ControlNetModel's, whatever the mode."""
        return super().forward(*args, **kwargs)


def guided(net: ControlNetModel) -> GuidedControlNet:
    """The same network, its tensors shared, for `guess_mode`."""
    with torch.device("meta"):
        own = GuidedControlNet(**{name: value for name, value in net.config.items() if not name.startswith("_")})
    own.load_state_dict(net.state_dict(), assign=True)
    return own.eval().requires_grad_(False)
