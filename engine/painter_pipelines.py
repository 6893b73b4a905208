"""Which of diffusers' pipelines paints: anew, over a photo or within a mask on it, told a pose or not."""

from __future__ import annotations

from typing import Any, Literal

from diffusers.pipelines.controlnet.pipeline_controlnet import StableDiffusionControlNetPipeline
from diffusers.pipelines.controlnet.pipeline_controlnet_img2img import StableDiffusionControlNetImg2ImgPipeline
from diffusers.pipelines.controlnet.pipeline_controlnet_inpaint import StableDiffusionControlNetInpaintPipeline
from diffusers.pipelines.controlnet.pipeline_controlnet_inpaint_sd_xl import (
    StableDiffusionXLControlNetInpaintPipeline,
)
from diffusers.pipelines.controlnet.pipeline_controlnet_sd_xl import StableDiffusionXLControlNetPipeline
from diffusers.pipelines.controlnet.pipeline_controlnet_sd_xl_img2img import (
    StableDiffusionXLControlNetImg2ImgPipeline,
)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img import StableDiffusionImg2ImgPipeline
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_inpaint import StableDiffusionInpaintPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_img2img import (
    StableDiffusionXLImg2ImgPipeline,
)
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl_inpaint import (
    StableDiffusionXLInpaintPipeline,
)

Way = Literal["new", "photo", "mask"]
# Of SDXL or not, told the pose or not: by the way of painting.
_pipelines: dict[tuple[bool, bool], dict[Way, Any]] = {
    (False, True): {
        "new": StableDiffusionControlNetPipeline,
        "photo": StableDiffusionControlNetImg2ImgPipeline,
        "mask": StableDiffusionControlNetInpaintPipeline,
    },
    (True, True): {
        "new": StableDiffusionXLControlNetPipeline,
        "photo": StableDiffusionXLControlNetImg2ImgPipeline,
        "mask": StableDiffusionXLControlNetInpaintPipeline,
    },
    (False, False): {
        "new": StableDiffusionPipeline,
        "photo": StableDiffusionImg2ImgPipeline,
        "mask": StableDiffusionInpaintPipeline,
    },
    (True, False): {
        "new": StableDiffusionXLPipeline,
        "photo": StableDiffusionXLImg2ImgPipeline,
        "mask": StableDiffusionXLInpaintPipeline,
    },
}


def pipeline_for(way: Way, is_xl: bool, told: bool) -> Any:
    """The class of pipeline for a way of painting, with a ControlNet where a pose is `told`."""
    return _pipelines[is_xl, told][way]
