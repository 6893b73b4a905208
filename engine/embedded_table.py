"""The models that come with the project, under assets/weights: each file with its size and sha256."""

from __future__ import annotations

from engine.skeleton import coco17, openpose18, wholebody133
from engine.weight_entry import WeightFile, Weights

# Of text and blocks: by them controls and bases are known to fit.
sd_mini_widths = (128, 48, 80, 112, 112)

embedded: tuple[Weights, ...] = (
    Weights(
        name="quick",
        does="finds people and their 17 body points; MoveNet thunder and multipose",
        kind="estimate",
        system="movenet",
        skeleton=coco17,
        source="embedded",
        files=(
            WeightFile(
                "movenet-thunder.onnx", 12606580, "c6cec3651987b41acd8366cbba311035687683ae0ac95ed0fb49ff1eae9c4f96",
            ),
            WeightFile(
                "movenet-multipose.onnx", 9621738, "5f30475b29d6873e3109d2cf12be17cb343b84a6e03008e099cdf0492fb6def5",
            ),
        ),
        megabytes=22.2,
        licence="Apache-2.0",
        speed="a fraction of a second on any computer",
    ),
    Weights(
        name="dposer-open",
        does="what poses, hands and faces are likely, learnt from open data; DPoser-X",
        kind="prior",
        system="dposer",
        skeleton=None,
        source="embedded",
        files=(
            WeightFile(
                "body.safetensors", 3697198, "1b865ef4502aca303e590057b5b8e823ed6741829e9134fb3d25981dbec1e822"
            ),
            WeightFile(
                "hand.safetensors", 3660146, "0eb6dab53378e9d2d10ae7903fb138afdbd2fafe3c2396542cc0dfc97a4cfac0"
            ),
            WeightFile(
                "face.safetensors", 1009286, "863bb727aac5be4bd24ce7fbcbef0805fd208a22f114ba8eb68c1c61e24faf1b"
            ),
            WeightFile(
                "face-shape.safetensors", 1006200, "63fe4cace4f34587276d24893d35ff56a9e92b39525ac5703f91ef412838d415"
            ),
            WeightFile(
                "wholebody-fused.safetensors",
                5932216,
                "277b3725ff4d4547bf3b84850c4f1ecc7cd6cb127db1ab06032e9c0b8a05b00c",
            ),
            WeightFile(
                "wholebody-mixed.safetensors",
                5932248,
                "191be704170318b542c603f43630d15688c5d4fb8a5a6e872a1b8e360e45080f",
            ),
        ),
        megabytes=21.2,
        licence="Apache-2.0",
        speed="a second a pose on any computer",
    ),
    Weights(
        name="lift-open",
        does="a first guess of a drawn figure in space, in milliseconds",
        kind="lift",
        system="lift",
        skeleton=None,
        source="embedded",
        files=(
            WeightFile(
                "body.safetensors", 11458514, "9368fb93b422a466ba466766b8a42ffcf41edc20c8cfa8d1a999e797370c7c1b"
            ),
            WeightFile(
                "hand.safetensors", 2581062, "cd05cf336e3c4f1d32d676d0ae9d0ae33603ede29abb8c8fe555867c515ccf4a"
            ),
        ),
        megabytes=14,
        licence="Apache-2.0",
        speed="milliseconds on any computer",
    ),
    Weights(
        name="sdpose-mini",
        does="133 points with hands, face and feet; SDPose at a size for a processor, learnt from the rendered world",
        kind="estimate",
        system="sdpose",
        skeleton=wholebody133,
        source="embedded",
        files=(
            WeightFile(
                "decoder/decoder.safetensors", 239738,
                "0a0fff95d8ed661989db57c24ceb141475ed36c0e019ff3908def1f152d7faa8",
            ),
            WeightFile(
                "empty_prompt.safetensors", 600,
                "89c83d69c87a1c98cb8afe5d5e51dacd8a28a062457f9cd64e137d50d1cd521d",
            ),
            WeightFile(
                "pipeline.json", 37,
                "93eced1970fbcc99d718c5863a372c9e2bd7d629a94d722b857c3b557d937af0",
            ),
            WeightFile(
                "unet/config.json", 1812,
                "5064e6aa286cdf00161e686475d8e1984e7b405f047e26b3c8ee107419e74ec2",
            ),
            WeightFile(
                "unet/diffusion_pytorch_model.safetensors", 11138360,
                "bcb6340fea0fd78ea18cc15be06c515a6efc9429e104715281cb5949aafba2b7",
            ),
            WeightFile(
                "vae/config.json", 674,
                "c69cf998d3b3e31fc7c01afcca5d4a8959ce37020fbea90f84991fc0ac6c3946",
            ),
            WeightFile(
                "vae/diffusion_pytorch_model.safetensors", 1034854,
                "4a11af12cae608fd03c0faf320287b3e1fc64f842ef26e5cc295af734cc50d2c",
            ),
        ),
        megabytes=12.4,
        licence="Apache-2.0",
        speed="a quarter of a second a figure",
    ),
    Weights(
        name="sd-mini",
        does="paints small figures in a dozen styles, of the words it knows; learnt from this project's rendered world",
        kind="paint",
        system="diffusion",
        skeleton=None,
        source="embedded",
        files=(
            WeightFile(
                "model_index.json", 525,
                "8955186ff2e8fc768839df8920c46116d18b221df7e10f47f760677ccd283fae",
            ),
            WeightFile(
                "scheduler/scheduler_config.json", 507,
                "74033f2fa1b0f20afd78cf2fef591233d0c7aedff116b615a442f31537497a20",
            ),
            WeightFile(
                "text_encoder/config.json", 541,
                "c21465027614a30f7d6f4e40276eef91a7a6c670fc5c8a950505773fbc402943",
            ),
            WeightFile(
                "text_encoder/model.safetensors", 1476296,
                "99281972209648fca84dec1397db36c40fef0a978e5257661fc46efa7b8618dc",
            ),
            WeightFile(
                "tokenizer/merges.txt", 4356,
                "cb9102e515d8f6db3de531059d4254c284162e5267dcd2ba07827c7972f13d83",
            ),
            WeightFile(
                "tokenizer/special_tokens_map.json", 133,
                "841c138373f4f9dd8a6b07a2e4d19b1e62b5364d7e09c41762bab5f7b851eb7f",
            ),
            WeightFile(
                "tokenizer/tokenizer_config.json", 274,
                "820ba34fa5f528521656632aea3cdbb96ace55c083da801a95321a1b31361b63",
            ),
            WeightFile(
                "tokenizer/vocab.json", 12274,
                "de586d86a14e9a1aabf83de081bd7e85389ebedc98776da0341bf021169dd8d5",
            ),
            WeightFile(
                "unet/config.json", 1807,
                "9567084ec53a4021e18ae7fa9d1fcc2bfb7e6a223d9168eff6992b563f8d751c",
            ),
            WeightFile(
                "unet/diffusion_pytorch_model.safetensors", 11061888,
                "0919f3da52a7477da1670b74d6c30865eb2bd595516849d3ce3a059355dfad77",
            ),
            WeightFile(
                "vae/config.json", 674,
                "c69cf998d3b3e31fc7c01afcca5d4a8959ce37020fbea90f84991fc0ac6c3946",
            ),
            WeightFile(
                "vae/diffusion_pytorch_model.safetensors", 1034854,
                "7c13f4a88140155fc39ebad1d451ebf9d829d80f50ff3342fe748fd2fccab239",
            ),
        ),
        megabytes=13.6,
        licence="Apache-2.0",
        speed="a few seconds a picture on any computer",
        widths=sd_mini_widths,
        side=128,
        guidance=3.0,
    ),
    Weights(
        name="spctrl-mini",
        does="people for sd-mini, each joint known by its name; SP-Ctrl, learnt from this project's rendered world",
        kind="control",
        system="spctrl",
        skeleton=coco17,
        source="embedded",
        files=(
            WeightFile(
                "controlnet/config.json", 1510,
                "d827fa11f5249f7f0e6c8cd61f1894474ac351f6f6e0bd1df3412d2b7ecb6ca2",
            ),
            WeightFile(
                "controlnet/diffusion_pytorch_model.safetensors", 6601508,
                "f09f9b8a0ecf6bbf0f84f79f5db2ab08e661196c63881e8f69970c01af6d5052",
            ),
            WeightFile(
                "learned_embeds.safetensors", 9928,
                "b0710ade8badc32ebfcb1b0989a595edbd39ada2b20517d4b7fe4b2e6ac2bf51",
            ),
        ),
        megabytes=6.6,
        licence="Apache-2.0",
        speed="a second or two a picture on any computer",
        widths=sd_mini_widths,
        encoding="spctrl",
        guided=True,
    ),
    Weights(
        name="openpose-mini",
        does="people for sd-mini as OpenPose draws them; ControlNet, learnt from this project's rendered world",
        kind="control",
        system="controlnet",
        skeleton=openpose18,
        source="embedded",
        files=(
            WeightFile(
                "config.json", 1286,
                "ec2a99b3bdbee39a064153eb1c2cddfb8578bcabc714c66b5b435162769d73c8",
            ),
            WeightFile(
                "diffusion_pytorch_model.safetensors", 5385072,
                "d2180cf334b09548c61d8667aac698a8b71e90f70f3ed35f7fdf21a350de205b",
            ),
        ),
        megabytes=5.4,
        licence="Apache-2.0",
        speed="a second or two a picture on any computer",
        widths=sd_mini_widths,
        encoding="openpose",
        guided=True,
    ),
)  # fmt: skip
