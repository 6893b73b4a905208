"""Training SP-Ctrl at tiny size: what is learned and what is not, going on bit by bit, every variant of the paper."""

import csv
import signal
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import default_collate

from engine import spctrl_layout
from engine.keypoint_words import humanart
from engine.keypoint_words_loading import with_learned_words
from engine.library import read_library
from engine.networks.keypoint_concepts import Concepts
from engine.paint import paint
from engine.paint_builder import build_base
from engine.paint_loading import fits, read_base, read_control
from engine.painter import Base, Painter
from engine.posed_figures import PosedFigures
from engine.scene import PaintRequest
from engine.skeleton import coco17
from engine.spctrl_data import Samples, Showing, Words
from engine.spctrl_learned import begin, hearing, vectors_of_names
from engine.spctrl_pictures import PaintedPictures
from engine.spctrl_recipe import Recipe, rate_of_words, recipes
from engine.spctrl_training import Objective, painted
from scripts.ending import on_interrupt
from scripts.spctrl_arguments import arguments, recipe_of
from scripts.train_spctrl import Training, main

# Small enough that a step takes a tenth of a second; every prompt says the joints.
recipe = replace(recipes["tiny"], batch=2, empty=0.0, window=(-1.0, 1000.0))
library = Path(__file__).parent.parent / "assets" / "library" / "poses.json"


@pytest.fixture(autouse=True)
def _own_precision():
    """Accelerate keeps one precision a process; each test may have its own."""
    AcceleratorState._reset_state(True)


@pytest.fixture(scope="module", autouse=True)
def _hasty():
    """What is painted meanwhile is painted in two steps."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.train_spctrl.sampling_steps", 2)
        yield


@pytest.fixture(scope="module")
def base() -> Base:
    """One base for all: nothing may change it, which a test makes sure of."""
    return build_base("tiny")


@pytest.fixture(scope="module")
def pictures() -> PaintedPictures:
    return PaintedPictures(PosedFigures(read_library(library), coco17, 6, (96, 128)))


@pytest.fixture(scope="module")
def batch(base, pictures) -> dict:
    samples = Samples(pictures, Words(base.parts["tokenizer"], "human"), Showing(64, empty=0.0, named=1.0))
    return default_collate([samples[0, i] for i in range(2)])


@pytest.fixture
def training(base, pictures):
    """`training(out, recipe, …)`: a run on the module's base and pictures, without a word and without pictures."""

    def make(out: Path, made: Recipe = recipe, **options) -> Training:
        options = {"pictures": pictures, "base": base, **options}
        run = Training(made, out=out, tell=lambda _line: None, **options)
        run.show = lambda: None  # type: ignore[method-assign]
        return run

    return make


def state(out: Path) -> dict[str, torch.Tensor]:
    return load_file(out / "state.safetensors")


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def copied(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


# ── the recipe ──


def test_presets_are_the_papers():
    animals, people = recipes["paper-ap10k"], recipes["paper-humanart"]
    assert (animals.kind, animals.steps, people.kind, people.steps) == ("animal", 280_000, "human", 528_000)
    for made in (animals, people):
        assert (made.side, made.batch, made.accumulate, made.precision) == (512, 20, 1, "fp16")
        assert (made.learning_rate, made.betas, made.weight_decay, made.epsilon, made.clip) == (
            1e-5, (0.9, 0.999), 1e-2, 1e-8, 1.0,
        )  # fmt: skip
        assert (made.word_rate, made.word_decay, made.word_epochs) == (0.5, 0.5, 100)
        assert (made.concepts, made.window, made.block) == (0.1, (250, 500), "down_blocks.2")
        assert (made.target, made.concept_loss, made.detach_query) == ("disc", "mse", True)
        assert (made.channels, made.limbs, made.bounded, made.joints_from) == (3, "one", False, "chance")
        assert (made.empty, made.named, made.built) == (0.5, 0.8, "")
        assert (made.learn_joints, made.learn_limbs) == (False, False)


def test_the_words_rate_falls_as_published():
    """352 steps an epoch: the whole rate once, then a half of it; halved again from the 100th epoch's first step."""
    made = recipes["paper-ap10k"]
    assert [rate_of_words(made, step, 352) for step in (0, 1, 2, 351, 352)] == [0.5, 0.25, 0.25, 0.25, 0.25]
    # Steps whose predecessor lies in epoch 98, 99, 198 and 199.
    assert [rate_of_words(made, epoch * 352 + 1, 352) for epoch in (98, 99, 198, 199)] == [0.25, 0.125, 0.125, 0.0625]
    assert rate_of_words(made, 99 * 352, 352) == 0.25


# ── what is learned ──


def test_begins_as_the_base_paints(base, batch):
    """The ControlNet is the U-Net's own encoder, and changes nothing yet."""
    learned = begin(recipe, base)
    unet = base.parts["unet"].state_dict()
    shared = {name: value for name, value in learned.net.state_dict().items() if name in unet}
    assert len(shared) > 50
    assert all(torch.equal(value, unet[name]) for name, value in shared.items())
    objective = Objective(learned, recipe, base)
    noisy, times = torch.randn(2, 4, 8, 8), torch.tensor([300, 600])
    with torch.no_grad():
        states = objective.states(batch["ids"])
        found = objective.predicted(noisy, times, states, objective.condition(batch))
        plain = base.parts["unet"](noisy, times, states, return_dict=False)[0]
    assert torch.equal(found, plain)


def test_words_begin_as_ordinary_ones(base):
    table = base.parts["text_encoder"].get_input_embeddings().weight
    words = begin(recipe, base).vectors("human")
    assert list(words) == [word.token for word in humanart]
    assert torch.equal(words["<nose>"], table[8231])
    assert torch.equal(words["<left-ankle>"], table[14777])


def test_seeds_decide_how_it_begins(base):
    first, again, other = (begin(replace(recipe, seed=seed), base).state_dict() for seed in (0, 0, 1))
    assert same(first, again)
    assert not torch.equal(first["spr.keypoint_emb"], other["spr.keypoint_emb"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory, base, pictures) -> tuple[Path, Training, dict, dict, list]:
    """A run of some steps: its folder, the run, base and learned before it, and its losses."""
    AcceleratorState._reset_state(True)
    out = tmp_path_factory.mktemp("trained")
    run = Training(replace(recipe, learning_rate=2e-3), pictures, base, out, tell=lambda _line: None)
    before = {name: copied(base.parts[name]) for name in ("unet", "vae", "text_encoder")}
    begun = copied(run.learned)
    return out, run, before, begun, run.run(4)


def test_only_what_is_learned_changes(trained, base):
    _, run, before, begun, _ = trained
    assert all(same(before[name], base.parts[name].state_dict()) for name in before)
    now = run.learned.state_dict()
    assert torch.equal(now["spr.keypoint_emb"], begun["spr.keypoint_emb"])
    assert torch.equal(now["spr.skeleton_emb"], begun["spr.skeleton_emb"])
    changed = {name for name in now if not torch.equal(now[name], begun[name])}
    assert "words" in changed
    assert (now["words"] != begun["words"]).any(1).all()
    assert {"spr.linear_in.weight", "spr.linear_out.weight", "net.conv_in.weight"} <= changed
    assert set(now) - changed == {"spr.keypoint_emb", "spr.skeleton_emb"}


def test_no_other_token_can_change(base, batch):
    """The vocabulary gets no gradient, and hears the same as before wherever no joint is said."""
    learned = begin(recipe, base)
    objective = Objective(learned, recipe, base)
    sum(objective(batch, (0,))).backward()
    own = base.parts["text_encoder"].get_input_embeddings()
    assert own.weight.grad is None
    assert learned.words.grad is not None
    assert (learned.words.grad != 0).any(1).sum() >= 15
    ids = torch.tensor([[49406, 320, 1125, 49407]])
    with torch.no_grad(), hearing(base.parts["text_encoder"], learned.words + 100):
        heard = base.parts["text_encoder"](ids)[0]
    assert torch.equal(heard, base.parts["text_encoder"](ids)[0])
    assert base.parts["text_encoder"].get_input_embeddings() is own


def test_losses_and_rates_are_written_down(trained):
    out, run, _, _, losses = trained
    rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, 5))
    assert [float(row["noise"]) for row in rows] == pytest.approx([noise for noise, _ in losses], rel=1e-5)
    assert [float(row["word_rate"]) for row in rows] == [0.05] + 3 * [0.025]
    assert all(concepts > 0 for _, concepts in losses)
    assert [group["lr"] for group in run.optimizer.param_groups] == [0.025, 2e-3]
    assert run.words == [run.learned.words]


@pytest.mark.slow
def test_both_losses_fall(base, batch):
    """On one picture with the same noise."""
    made, one = replace(recipe, concepts=1.0), {name: value[:1] for name, value in batch.items()}
    learned = begin(made, base)
    objective = Objective(learned, made, base)
    words, *others = learned.trained().values()
    optimizer = torch.optim.AdamW([{"params": [words], "lr": 0.03}, {"params": others, "lr": 3e-3}])
    losses = []
    for _ in range(20):
        noise, concepts = objective(one, (0,))
        (noise + concepts).backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append((float(noise.detach()), float(concepts.detach())))
    (first_noise, first_concepts), (noise, concepts) = losses[0], losses[-1]
    assert noise < 0.93 * first_noise
    assert concepts < 0.8 * first_concepts


# ── concepts ──


def reached(objective: Objective, batch: dict) -> set[str]:
    """What the loss on attention moves."""
    _, concepts = objective(batch, (0,))
    concepts.backward()
    return {
        name for name, value in objective.trained().items() if value.grad is not None and value.grad.abs().sum() > 0
    }


def test_concepts_teach_keys_and_words_alone(base, batch):
    objective = Objective(begin(recipe, base), recipe, base)
    keys = {
        f"net.{name}.to_k.weight"
        for name, _ in objective.learned.net.named_modules()
        if name.startswith("down_blocks.2.") and name.endswith("attn2")
    }
    assert keys
    assert reached(objective, batch) == {"words", *keys}
    attached = replace(recipe, detach_query=False)
    more = reached(Objective(begin(attached, base), attached, base), batch)
    assert {"net.conv_in.weight", "words"} < more
    assert any(name.endswith("attn2.to_q.weight") for name in more)


def test_concepts_count_within_the_window_alone(base, batch):
    never = replace(recipe, window=(1000.0, 1001.0))
    assert float(Objective(begin(never, base), never, base)(batch, (0,))[1].detach()) == 0
    silent = dict(batch, places=torch.full((2, 17), -1))
    noise, concepts = Objective(begin(recipe, base), recipe, base)(silent, (0,))
    assert float(concepts.detach()) == 0
    (noise + concepts).backward()


def test_the_noise_loss_is_that_of_the_base_with_a_control(base, batch):
    """ε-prediction, timesteps and noise by seed; another seed is another loss."""
    objective = Objective(begin(recipe, base), recipe, base)
    with torch.no_grad():
        (first, _), (again, _), (other, _) = (objective(batch, (seed,)) for seed in (0, 0, 1))
    assert first == again != other
    assert 0.3 < float(first) < 3


def test_bases_of_other_kinds_are_refused(base):
    with pytest.raises(ValueError, match="one text encoder, got big: an SDXL"):
        begin(recipe, Base("big", {**base.parts, "text_encoder_2": None}))
    knowing = Words(base.parts["tokenizer"], "human").tokenizer
    with pytest.raises(ValueError, match="as many tokens in odd, got 49425 and 49408"):
        begin(recipe, Base("odd", {**base.parts, "tokenizer": knowing}))
    scheduler = type(base.parts["scheduler"]).from_config(
        base.parts["scheduler"].config, prediction_type="v_prediction"
    )
    learned = begin(recipe, base)
    Objective(learned, recipe, Base("v", {**base.parts, "scheduler": scheduler}))
    with pytest.raises(ValueError, match=r"expected a block with attention to the text, got 'down_blocks\.3'"):
        Objective(learned, replace(recipe, block="down_blocks.3"), base)


# ── it goes on ──


@pytest.mark.parametrize("accumulate", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_going_on_is_the_same_as_never_stopping(tmp_path, training, accumulate):
    made = replace(recipe, batch=1, accumulate=accumulate)
    training(tmp_path / "whole", made).run(4)
    training(tmp_path / "parts", made).run(2)
    training(tmp_path / "parts", made, resume=True).run(4)
    whole, parts = state(tmp_path / "whole"), state(tmp_path / "parts")
    assert same(whole, parts)
    assert {"net.words", "net.spr.linear_in.weight", "optimizer.words.exp_avg"} <= whole.keys()
    rows = [list(csv.DictReader((tmp_path / n / "metrics.csv").read_text().splitlines())) for n in ("whole", "parts")]
    for column in ("noise", "concepts", "gradient", "word_gradient", "word_rate"):
        assert [row[column] for row in rows[0]] == [row[column] for row in rows[1]]
    assert len(rows[0]) == 4


def test_saving_memory_changes_no_number(tmp_path, training, batch):
    gradients = []
    for checkpointing in (False, True):
        run = training(tmp_path, checkpointing=checkpointing)
        sum(run.plain(batch, (0, 0))).backward()
        gradients.append({name: value.grad for name, value in run.weights.items()})
        run.plain.unet.disable_gradient_checkpointing()
    assert run.learned.net.is_gradient_checkpointing
    assert all(torch.allclose(gradients[0][name], gradients[1][name], atol=1e-6) for name in gradients[0])
    assert gradients[0]["words"].abs().sum() > 0


def test_only_the_same_training_is_gone_on_with(tmp_path, training, pictures):
    made = replace(recipe, batch=1)
    with pytest.raises(ValueError, match="expected a state to resume from"):
        training(tmp_path, resume=True)
    training(tmp_path, made).run(1)
    with pytest.raises(ValueError, match="another channels, batch"):
        training(tmp_path, replace(recipe, channels=1), resume=True)
    fewer = PaintedPictures(PosedFigures(read_library(library), coco17, 5, (96, 128)))
    with pytest.raises(ValueError, match="expected the 6 pictures it began with, got 5"):
        training(tmp_path, made, pictures=fewer, resume=True)
    with pytest.raises(ValueError, match="the base it began with, tiny, got another: other"):
        training(tmp_path, made, base=build_base("tiny", 1, "other"), resume=True)


def test_an_interrupt_ends_after_the_step_and_saves(tmp_path, training):
    run = training(tmp_path, replace(recipe, batch=1))
    run.tell = lambda line: signal.raise_signal(signal.SIGINT) if line.startswith("step 2 ") else None
    usual = signal.getsignal(signal.SIGINT)
    on_interrupt(run.accelerator.set_trigger)
    assert len(run.run(9, every=1)) == 2
    assert training(tmp_path, replace(recipe, batch=1), resume=True).step == 2
    signal.signal(signal.SIGINT, usual)


def test_a_loss_that_is_no_number_leaves_the_saved_state(tmp_path, training):
    run = training(tmp_path, replace(recipe, batch=1))
    run.run(1)
    with torch.no_grad():
        run.learned.net.conv_in.bias.fill_(float("nan"))
    with pytest.raises(ArithmeticError, match="step 2"):
        run.run(3)
    assert training(tmp_path, replace(recipe, batch=1), resume=True).step == 1


# ── every variant ──


def variant(words: str) -> Recipe:
    """A tiny recipe as the command changes it."""
    args = arguments().parse_args(["--out", "x", "--batch", "1", "--empty", "0", *words.split()])
    made = recipe_of(args)
    return made if args.window else replace(made, window=(-1.0, 1000.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--no-spr", {"condition": "openpose"}),
        ("--cond index --no-spr", {"condition": "index"}),
        ("--cond mask", {"condition": "mask"}),
        ("--cond depth --no-kcl", {"condition": "depth", "words": False}),
        ("--no-kcl", {"words": False, "concepts": 0.0, "named": 0.0, "condition": "spctrl"}),
        ("--eta 0", {"words": True, "concepts": 0.0}),
        ("--channels 1", {"channels": 1}),
        ("--channels 16 --limbs rand", {"limbs": "rand"}),
        ("--limbs zero --sigmoid", {"limbs": "zero", "bounded": True}),
        ("--limbs interp_kpt --learn-joints --detach-limbs", {"learn_joints": True, "detach": True}),
        ("--learn-limbs", {"learn_limbs": True}),
        ("--window 0 250 --block mid_block", {"window": (0.0, 250.0), "block": "mid_block"}),
        ("--block down_blocks.1 --target gaussian", {"target": "gaussian"}),
        ("--concept-loss bce --attached-query", {"concept_loss": "bce", "detach_query": False}),
    ],
)
def test_every_variant_makes_a_step(tmp_path, training, pictures, words, expected):
    made = variant(words)
    assert {name: getattr(made, name) for name in expected} == expected
    if made.condition in ("mask", "depth"):
        for i in range(len(pictures)):
            Image.fromarray(pictures[i].image[..., 0]).save(tmp_path / f"{pictures[i].name}.png")
    run = training(tmp_path / "out", made, conditions=tmp_path if made.condition in ("mask", "depth") else None)
    before = copied(run.learned)
    ((noise, concepts),) = run.run(1)
    assert np.isfinite((noise, concepts)).all()
    heard = made.concepts > 0 and made.window[0] < 0
    assert concepts > 0 or not heard
    changed = {name for name, value in run.learned.state_dict().items() if not torch.equal(value, before[name])}
    assert "net.controlnet_cond_embedding.conv_out.weight" in changed or "net.controlnet_mid_block.weight" in changed
    assert ("words" in changed) == made.words
    assert ("spr.keypoint_emb" in changed) == (made.condition == "spctrl" and made.learn_joints)
    if not made.words:  # nothing is saved of them, and nothing missed
        again = training(tmp_path / "out", made, conditions=tmp_path, resume=True)
        assert same(again.learned.state_dict(), run.learned.state_dict())
    model = tmp_path / "out" / "model"
    if made.condition == "spctrl":
        net, spr, found, kind = spctrl_layout.read(model)
        assert (spr.channels, spr.skeleton_type, kind) == (made.channels, made.limbs, "human")
        assert (spr.layer_version == "sigmoid_version") == made.bounded
        assert set(found) == ({word.token for word in humanart} if made.words else set())
    else:
        plain = read_control(model, "plain")
        net = plain.net
        assert set(plain.words) == ({word.token for word in humanart} if made.words else set())
        assert all(torch.equal(plain.words[token], value) for token, value in run.learned.vectors("human").items())
    assert torch.equal(net.conv_in.weight, run.learned.net.conv_in.weight)


def test_joints_may_begin_as_their_names(base):
    from transformers import CLIPTextConfig, CLIPTextModel

    sizes = {"hidden_size": 768, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    encoder = CLIPTextModel(CLIPTextConfig(vocab_size=49408, eos_token_id=49407, bos_token_id=49406, **sizes)).eval()
    rows = vectors_of_names("human", Base("wide", {**base.parts, "text_encoder": encoder}))
    assert rows.shape == (17, 768)
    assert len(rows.unique(dim=0)) == 17
    made = replace(recipe, joints_from="names", words=False)
    narrow = vectors_of_names("human", base)  # of 32 numbers, turned into as many: as like each other as before
    assert narrow.shape == (17, 768)
    assert torch.linalg.matrix_rank(narrow) <= 32
    assert torch.allclose(narrow.square().mean(), torch.ones(()), atol=0.1)  # the encoder's last layer has made it so
    parts = {**base.parts, "text_encoder": encoder}
    learned = begin(made, Base("wide", parts))
    assert learned.spr is not None
    assert torch.equal(learned.spr.keypoint_emb, rows)


@pytest.mark.slow
def test_half_precision_keeps_whole_weights(tmp_path, training):
    """As on a GPU: the base in half precision, what is learned in whole."""
    half = build_base("tiny")
    for name in ("vae", "unet", "text_encoder"):
        half.parts[name].to(torch.bfloat16)
    run = training(tmp_path, replace(recipe, batch=1, precision="bf16"), base=half)
    del run.show  # it paints too
    assert np.isfinite(run.run(1)).all()
    assert run.learned.net.conv_in.weight.dtype == run.learned.words.dtype == torch.float32
    assert run.optimizer.state_dict()["state"].keys() == set(range(len(run.weights)))
    with Image.open(tmp_path / "samples_000001.png") as picture:
        assert np.asarray(picture)[2 * 64 :].std() > 1


# ── what comes out ──


def test_what_is_painted_meanwhile(trained, base, batch):
    """Validation pictures, with every condition's own input, the same for the same seed."""
    out, run, *_ = trained
    assert [path.name for path in out.glob("samples_*")] == ["samples_000004.png"]
    with Image.open(out / "samples_000004.png") as picture:
        assert picture.size == (4 * 64, 3 * 64)
    empty, _ = run.unchanged.words.told("")
    run.learned.eval()
    images = [painted(run.plain, batch, empty, 2, seed=seed) for seed in (0, 0, 1)]
    assert images[0].shape == (2, 64, 64, 3)
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])
    # What four steps taught may be less than a grey level of a picture: the noise itself tells.
    nobody = {**batch, "map": torch.zeros_like(batch["map"])}
    with torch.no_grad():
        noisy, times = torch.ones(2, 4, 8, 8), torch.tensor([500, 500])
        states = run.plain.states(batch["ids"])
        seen = [run.plain.predicted(noisy, times, states, run.plain.condition(one)) for one in (batch, nobody)]
    assert not torch.equal(*seen)


def test_the_studio_paints_with_it(trained, pictures, base):
    out = trained[0]
    control = read_control(out / "model", "mine")
    found = read_base(out / "base", "tiny")
    assert fits(found, control)
    assert (control.encoding, control.kind, len(control.words)) == ("spctrl", "human", 17)
    assert torch.equal(found.parts["unet"].conv_in.weight, base.parts["unet"].conv_in.weight)
    request = PaintRequest(prompt="mannequin", size=(64, 64), steps=2)
    (picture,) = paint(request, pictures[0].pose, Painter(found, control))
    assert picture.image.shape == (64, 64, 3)


def test_words_said_by_the_studio_are_those_that_were_learned(trained, base, batch):
    """Training and the studio have ways of their own into the tokenizer and text encoder: both hear the same."""
    out, run, *_ = trained
    parts = with_learned_words(base.parts, read_control(out / "model", "mine").words)
    ids = parts["tokenizer"](batch["prompt"], padding="max_length", max_length=77, return_tensors="pt").input_ids
    assert torch.equal(ids, batch["ids"])
    with torch.no_grad():
        torch.testing.assert_close(run.plain.states(ids), parts["text_encoder"](ids)[0], atol=1e-5, rtol=0)


# ── the command ──


def command(monkeypatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["train_spctrl.py", *words])
    main()


def test_the_command_trains_and_goes_on(tmp_path, monkeypatch, capsys):
    words = ("--out", str(tmp_path), "--batch", "1")
    command(monkeypatch, *words, "--steps", "1")
    assert "step 1 of 1" in capsys.readouterr().out
    command(monkeypatch, *words, "--steps", "2", "--resume")
    said = capsys.readouterr().out
    assert "step 2 of 2" in said
    assert "step 1 of" not in said
    assert spctrl_layout.kind_at(tmp_path / "model") == "human"


def test_the_command_finds_its_base_again(tmp_path, monkeypatch, base):
    parts = {**base.parts, "safety_checker": None, "feature_extractor": None}
    StableDiffusionPipeline(**parts, requires_safety_checker=False).save_pretrained(tmp_path / "mine")
    words = ("--out", str(tmp_path / "out"), "--batch", "1", "--eta", "0")
    command(monkeypatch, *words, "--steps", "1", "--base", str(tmp_path / "mine"))
    assert not (tmp_path / "out" / "base").exists()
    (tmp_path / "mine").rename(tmp_path / "other")
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, *words, "--steps", "2", "--resume")
    assert str(tmp_path / "mine") in str(ended.value)
    command(monkeypatch, *words, "--steps", "2", "--resume", "--base", str(tmp_path / "other"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--preset", "paper-ap10k"), "diffusers folder of Stable Diffusion 1.5"),
        (("--preset", "mini", "--base", "x"), "expected --data and --images, got none"),
        (("--data", "a.json"), "expected an --images for each --data"),
        (("--resume",), "expected a state to resume from"),
        (("--data", "missing.json", "--images", "."), "missing.json"),
        (("--cond", "depth"), "prepared files of the depth"),
        (("--no-spr", "--cond", "spctrl"), "another --cond than spctrl"),
        (("--base", "missing"), "missing"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, words, sentence):
    with pytest.raises(SystemExit) as ended:
        command(monkeypatch, "--out", str(tmp_path), *words)
    assert sentence in (str(ended.value) + capsys.readouterr().err)


def test_recording_attention_changes_no_picture(base, batch):
    """The ControlNet's own output is that of stock processors."""
    learned = begin(recipe, base)
    plain = Objective(learned, replace(recipe, concepts=0.0), base)
    noisy, times = torch.randn(2, 4, 8, 8), torch.tensor([300, 600])
    with torch.no_grad():
        states, condition = plain.states(batch["ids"]), plain.condition(batch)
        before = learned.net(noisy, times, states, condition, return_dict=False)
        recorded = Concepts(learned.net)
        after = learned.net(noisy, times, states, condition, return_dict=False)
    assert len(recorded.taken()) == 1
    assert all(torch.equal(a, b) for a, b in zip(before[0], after[0], strict=True))
