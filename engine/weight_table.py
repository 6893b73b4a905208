"""The one table of models: what each does, where its files are, how to know they are the right ones, its licence."""

from __future__ import annotations

from engine.embedded_table import embedded
from engine.paint_layout import sd15_widths, sdxl_widths
from engine.skeleton import ap10k17, coco17, openpose18, wholebody133
from engine.weight_entry import Hub, Page, WeightFile, Weights
from engine.weight_layout import sdpose_files, transformers_files


def _files(*names: str) -> tuple[WeightFile, ...]:
    return tuple(WeightFile(name) for name in names)


def _pipeline_files(*more: str) -> tuple[WeightFile, ...]:
    """A base's files on the hub in half precision; `more` are those of SDXL's second text encoder."""
    networks = {"text_encoder": "model", "unet": "diffusion_pytorch_model", "vae": "diffusion_pytorch_model"}
    words = [f"tokenizer/{n}" for n in ("merges.txt", "special_tokens_map.json", "tokenizer_config.json", "vocab.json")]
    return _files(
        "model_index.json", "scheduler/scheduler_config.json", *words, *more,
        *(f"{part}/{name}" for part, stem in networks.items() for name in ("config.json", f"{stem}.fp16.safetensors")),
    )  # fmt: skip


_second_text_files = (
    "text_encoder_2/config.json", "text_encoder_2/model.fp16.safetensors", "tokenizer_2/merges.txt",
    "tokenizer_2/special_tokens_map.json", "tokenizer_2/tokenizer_config.json", "tokenizer_2/vocab.json",
)  # fmt: skip
_seconds_or_minutes = "seconds a picture on a GPU, minutes without"

published: tuple[Weights, ...] = (
    Weights(
        name="sdpose-body",
        does="17 body points, made for art as well as photos; SDPose-Body",
        kind="estimate",
        system="sdpose",
        skeleton=coco17,
        source=Hub("teemosliang/SDPose-Body"),
        files=_files(*sdpose_files),
        megabytes=3812,
        licence="MIT; made from Stable Diffusion 2, CreativeML OpenRAIL++-M",
        speed="seconds a person on a GPU, minutes without",
    ),
    Weights(
        name="sdpose-wholebody",
        does="133 points with hands, face and feet; SDPose-Wholebody",
        kind="estimate",
        system="sdpose",
        skeleton=wholebody133,
        source=Hub("teemosliang/SDPose-Wholebody"),
        files=_files(*sdpose_files),
        megabytes=3833,
        licence="MIT; made from Stable Diffusion 2, CreativeML OpenRAIL++-M",
        speed="seconds a person on a GPU, minutes without",
    ),
    Weights(
        name="vitpose-base",
        does="17 body points of people in photos; ViTPose base",
        kind="estimate",
        system="vitpose",
        skeleton=coco17,
        source=Hub("usyd-community/vitpose-base-simple"),
        files=_files(*transformers_files),
        megabytes=344,
        licence="Apache-2.0",
        speed="about a second a person on any computer",
    ),
    Weights(
        name="vitpose-plus-base",
        does="17 body points of people, learnt together with animals and hands; ViTPose++ base",
        kind="estimate",
        system="vitpose",
        skeleton=coco17,
        source=Hub("usyd-community/vitpose-plus-base"),
        files=_files(*transformers_files),
        megabytes=502,
        licence="Apache-2.0",
        speed="about a second a person on any computer",
    ),
    # The hub's folders of ViTPose++ hold COCO's head alone. The authors' own files of the other heads are where a
    # third party put them, each cut to one data set by the authors' script.
    Weights(
        name="vitpose-animals",
        does="17 points of four-legged animals; ViTPose++ base, AP-10K",
        kind="estimate",
        system="vitpose",
        skeleton=ap10k17,
        source=Hub("JunkyByte/easy_ViTPose"),
        files=_files("torch/ap10k/vitpose-b-ap10k.pth"),
        megabytes=360,
        licence="Apache-2.0",
        speed="about a second an animal on any computer",
    ),
    Weights(
        name="vitpose-wholebody",
        does="133 points with hands, face and feet of people in photos; ViTPose++ base",
        kind="estimate",
        system="vitpose",
        skeleton=wholebody133,
        source=Hub("JunkyByte/easy_ViTPose"),
        files=_files("torch/wholebody/vitpose-b-wholebody.pth"),
        megabytes=360,
        licence="Apache-2.0",
        speed="about a second a person on any computer",
    ),
    Weights(
        name="rtdetr",
        does="finds the people in a photo; RT-DETR v2, ResNet 18",
        kind="detect",
        system="rtdetr",
        skeleton=None,
        source=Hub("PekingU/rtdetr_v2_r18vd"),
        files=_files(*transformers_files),
        megabytes=81,
        licence="Apache-2.0",
        speed="about a second on any computer",
    ),
    # What it learned from is for research, and its licence is not stated: never fetched unasked. The statistics it is
    # used with are in the authors' repository, not on the hub (engine.priors says which).
    Weights(
        name="dposer-x",
        does="what poses, hands and faces are likely, the authors' weights; DPoser-X",
        kind="prior",
        system="dposer",
        skeleton=None,
        source=Hub("Moon-bow/DPoser-X"),
        files=_files(
            "body/BaseMLP/last.ckpt", "hand/BaseMLP/last.ckpt", "face/BaseMLP/last.ckpt",
            "face_shape/BaseMLP/last.ckpt", "wholebody/mixed/last.ckpt",
        ),
        megabytes=700,
        licence="not stated; learnt from research data, mostly non-commercial",
        speed="a second a pose on any computer",
    ),
    Weights(
        name="sd15",
        does="paints pictures of 512 pixels, photos and styles alike; Stable Diffusion 1.5",
        kind="paint",
        system="diffusion",
        skeleton=None,
        source=Hub("stable-diffusion-v1-5/stable-diffusion-v1-5"),
        files=_pipeline_files(),
        megabytes=2134,
        licence="CreativeML OpenRAIL-M",
        speed=_seconds_or_minutes,
        widths=sd15_widths,
        side=512,
    ),
    Weights(
        name="sdxl",
        does="paints pictures of 1024 pixels, finer ones; Stable Diffusion XL",
        kind="paint",
        system="diffusion",
        skeleton=None,
        source=Hub("stabilityai/stable-diffusion-xl-base-1.0"),
        files=_pipeline_files(*_second_text_files),
        megabytes=6942,
        licence="CreativeML OpenRAIL++-M",
        speed="seconds a picture on a large GPU, many minutes without",
        widths=sdxl_widths,
        side=1024,
    ),
    Weights(
        name="openpose-sd15",
        does="people as OpenPose draws them, with hands and faces, for Stable Diffusion 1.5; ControlNet 1.1",
        kind="control",
        system="controlnet",
        skeleton=openpose18,
        source=Hub("lllyasviel/control_v11p_sd15_openpose"),
        files=_files("config.json", "diffusion_pytorch_model.fp16.safetensors"),
        megabytes=723,
        licence="CreativeML OpenRAIL-M",
        speed=_seconds_or_minutes,
        widths=sd15_widths,
        encoding="openpose",
    ),
    Weights(
        name="animal-openpose-sd15",
        does="four-legged animals as OpenPose would draw them, for Stable Diffusion 1.5; ControlNet AnimalPose",
        kind="control",
        system="controlnet",
        skeleton=ap10k17,
        source=Hub("huchenlei/animal_openpose"),
        files=_files("control_sd15_animal_openpose_fp16.pth"),
        megabytes=723,
        licence="Apache-2.0; made from Stable Diffusion 1.5, CreativeML OpenRAIL-M",
        speed=_seconds_or_minutes,
        widths=sd15_widths,
        encoding="openpose",
    ),
    Weights(
        name="openpose-sdxl",
        does="people as OpenPose draws them, in thicker lines, for Stable Diffusion XL; xinsir",
        kind="control",
        system="controlnet",
        skeleton=openpose18,
        source=Hub("xinsir/controlnet-openpose-sdxl-1.0"),
        files=_files("config.json", "diffusion_pytorch_model.safetensors"),
        megabytes=2502,
        licence="Apache-2.0; made from Stable Diffusion XL, CreativeML OpenRAIL++-M",
        speed="seconds a picture on a large GPU, many minutes without",
        widths=sdxl_widths,
        encoding="openpose-thick",
    ),
    Weights(
        name="spctrl-human",
        does="people, each joint known by its name, for Stable Diffusion 1.5; SP-Ctrl, Human-Art",
        kind="control",
        system="spctrl",
        skeleton=coco17,
        source=Page("https://pan.baidu.com/s/18Zx4sElGpwkXi78YFGQ5gQ", "extraction code 2025"),
        files=_files("controlnet/config.json", "controlnet/diffusion_pytorch_model.safetensors", "learned_embeds.bin"),
        megabytes=1450,
        licence="its code MIT, its weights not stated; made from Stable Diffusion 1.5, CreativeML OpenRAIL-M",
        speed=_seconds_or_minutes,
        widths=sd15_widths,
        encoding="spctrl",
    ),
)  # fmt: skip
table = (*embedded, *published)
