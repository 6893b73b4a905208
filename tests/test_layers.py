"""The engine's layers import downwards only; Gradio lives in app/ alone; the engine is quiet and reads no arguments."""

import ast
import re
from pathlib import Path

import pytest

root = Path(__file__).parent.parent
# From the bottom up. Modules of one layer may use each other; importing from a package runs its __init__ too.
layers: list[set[str]] = [
    # words: what an artist would name
    {
        "skeleton", "anatomy", "box", "body_pose", "pose", "motion", "camera", "scene", "measure", "progress",
        "estimator", "pose_sets", "keypoint_words",
    },
    # the networks as the papers draw them
    {"networks", "networks.*", "rotation"},
    # instruments: one skill each
    {
        "photo", "draw", "pose_map", "detect", "paper", "library", "heatmap", "demo_look", "track", "video",
        "tensors", "tensor_shapes", "weight_layout", "weight_table", "weights", "download", "forecast", "model_folder",
        "paint_layout", "paint_models", "room", "text_encoder", "paint_map", "prompting", "latent_preview", "painter",
        "paint_builder", "clip_words", "keypoint_words_loading", "painter_pipelines", "painter_sampler",
        "diffusers_folder", "spctrl_layout",
        "weight_entry", "embedded_table", "caption_tokens", "sd_builder", "libraries", "joined_estimator",
        "movenet", "sdpose", "sdpose_layout", "vitpose", "vitpose_checkpoint", "rtdetr",
        "stylize", "corruption", "painterly", "brushwork",
        "diffusion", "prior", "prior_file", "prior_parts", "priors", "dposer_layout", "dposer_checkpoint",
        "dposer_normalisers", "samplers", "likelihood", "solvers", "schedules", "pose_metrics", "tied_points",
        "quick_layers", "mixture", "vae",
        "mannequin", "mannequin.*",
        "formats", "formats.checks", "formats.people", "formats.painting", "formats.document", "formats.openpose",
        "formats.detections", "formats.coco", "formats.svg",
        "formats.sdpose_json", "formats.glb", "formats.obj", "formats.bvh", "formats.rigs", "formats.smplx_npz",
        "formats.gltf", "formats.surface", "formats.npz", "formats.retarget", "formats.asf",
        "body", "body_file", "body_points", "body_selection", "body_shapes", "skinning", "outfit", "body_sliders",
        "rig", "point_rig", "limb", "chain", "limits", "ik", "posing", "hand_poses", "hand_shape", "examples",
        "pose_search", "pose_space", "curves",
        "placing", "light", "shot", "render", "render_process", "render_scene", "render_geometry", "render_light",
        "render_parts", "render_ground", "render_wire", "stills",
    },
    # stages: the verbs, from value to value
    {
        "estimate", "evaluate", "fit", "fit_hands", "fit_points", "fit_steps", "fit_views", "tasks", "tasks.*",
        "lint", "lint_checks", "lint_glance", "lint_mends", "lint_sight", "proportions",
        "natural", "relaxing", "leaning", "variations", "flips",
        "initialiser", "lift_input", "lift_steps", "lift_hands", "lift_request", "lift_camera", "lift",
        "hidden_parts", "set_on_drawing", "complete", "paint", "verify", "picture_scores",
        "paint_loading", "painter_memory", "single_base",
    },
    # verbs made of other verbs
    {"mixing", "clean_motion", "contacts"},
    # the whole work in one file, and the table of all kinds of file
    {"project", "picture_file"},
    {"files"},
    # many pictures and videos; what networks learn from
    {
        "batch", "sequence", "augment", "weathering", "data", "posed_figures", "training", "muon", "loss_weights",
        "autoencoder_training", "patch_components", "sdpose_training",
        "sdpose_samples", "prior_training", "baseline_training", "lift_training", "lift_scenes", "spctrl_pictures",
        "spctrl_data", "spctrl_recipe", "spctrl_learned", "spctrl_training", "sd_latents", "sd_training",
    },
    # what owns the models
    {"loading", "stage", "body_files", "viewer", "studio"},
]  # fmt: skip
words_only = {"torch", "cv2", "onnxruntime", "PIL", "diffusers", "transformers"}


def dotted(path: Path) -> str:
    """A module's name within its top package: engine/formats/__init__.py is `formats`."""
    parts = path.relative_to(root).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


engine = sorted(p for p in (root / "engine").rglob("*.py") if p != root / "engine" / "__init__.py")
declared = {name: i for i, layer in enumerate(layers) for name in layer}
rank = {
    name: declared[key]
    for name in map(dotted, engine)
    for key in (name, f"{name.rpartition('.')[0]}.*")
    if key in declared
}


def imported(path: Path) -> set[str]:
    """Absolute dotted names of all that a file imports, at any depth; `from a import b` gives a and a.b."""
    package = path.relative_to(root).parent.parts
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*start, *([node.module] if node.module else [])])
            names.update([module, *(f"{module}.{alias.name}" for alias in node.names)])
    return names


def ours(path: Path) -> set[str]:
    """The engine's modules that a file imports, with the packages on the way to them: their __init__ runs first."""
    inside = {name.removeprefix("engine.") for name in imported(path) if name.startswith("engine.")}
    return with_parents(inside) & rank.keys()


def with_parents(names: set[str]) -> set[str]:
    """Dotted names and those of the packages that hold them."""
    return {".".join(parts[:n]) for parts in (name.split(".") for name in names) for n in range(1, len(parts) + 1)}


def top(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


app = sorted([*(root / "app").rglob("*.py"), root / "app.py"])
scripts = sorted((root / "scripts").rglob("*.py"))


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda p: str(p.relative_to(root)))


@each(engine)
def test_every_module_has_a_layer(path):
    assert dotted(path) in rank, f"name the layer of {dotted(path)} in tests/test_layers.py"


def test_every_layer_names_modules_that_are_there():
    there = {dotted(path) for path in engine}
    assert {name for name in declared if name.removesuffix(".*") not in there} == set()


@each(engine)
def test_imports_point_down(path):
    name = dotted(path)
    upward = {other for other in ours(path) if rank[other] > rank[name]}
    assert not upward, f"{name} (layer {rank[name]}) imports {sorted(upward)} from above"


@each([path for path in engine if dotted(path).startswith("networks")])
def test_networks_know_nothing_else_of_the_engine(path):
    assert {name.partition(".")[0] for name in ours(path)} <= {"networks"}


@each([path for path in engine if rank.get(dotted(path)) == 0])
def test_words_know_numpy_only(path):
    assert not top(imported(path)) & words_only


def test_no_circles():
    """Each module can be put after everything that it imports."""
    assert circled({dotted(path): ours(path) for path in engine}) == set()


def circled(needs: dict[str, set[str]]) -> set[str]:
    """The modules that cannot be put after everything they need; a package's __init__ may use what it holds."""
    needs = {name: {one for one in used if not f"{name}.".startswith(f"{one}.")} for name, used in needs.items()}
    placed: set[str] = set()
    while ready := {name for name, used in needs.items() if name not in placed and used <= placed}:
        placed |= ready
    return needs.keys() - placed


def test_a_circle_through_a_package_is_seen():
    """As it was: the table in the package's __init__ listed the project, which uses the package's modules."""
    assert with_parents({"formats.checks"}) == {"formats", "formats.checks"}
    assert circled({"formats": {"project"}, "formats.checks": set(), "project": {"formats", "formats.checks"}}) == {
        "formats",
        "project",
    }


@each(engine)
def test_the_engine_knows_neither_app_nor_gradio_nor_arguments(path):
    names = imported(path)
    assert not top(names) & {"app", "gradio", "gradio_client", "argparse", "scripts"}
    assert "sys.argv" not in names
    assert not re.search(r"\bsys\.argv\b", path.read_text("utf-8"))


@each(scripts)
def test_scripts_do_not_use_gradio(path):
    assert "gradio" not in top(imported(path))


@each([*engine, *app])
def test_nothing_prints(path):
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    assert not [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]


@each([*engine, *app])
def test_nothing_needs_the_evaluation_files(path):
    """Those lie beside a developer's checkout only; tests and scripts may use them, the app never."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [text for text in texts if re.search(r"(^|[/.])shared(/|$)", text)]


@each([path for path in app if path.name == "session.py"])
def test_the_session_is_pure(path):
    assert not top(imported(path)) & {"gradio"}
