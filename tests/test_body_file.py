"""Body files: what is missing or wrong is named, and nothing in a file is ever run."""

import pickle
import zipfile

import numpy as np
import pytest
import torch

from engine.body import Body
from engine.body_file import BodyFile, extras, hands, least_vertices, needed
from engine.body_shapes import PoseShapes
from engine.skeleton import smplx55

vertices = least_vertices
word_arrays = ("face_unit_names", "shape_slider_names", "layer_names", "default_layers")


def arrays(columns=20, **changes):
    """The arrays of the smallest body there can be, most of them zeros; a change of None leaves one out."""
    sizes = {"V": vertices, "F": 2, "C": columns}
    made = {name: np.zeros([sizes.get(s, s) for s in shape], np.int8) for name, shape in needed.items()}
    above = dict(smplx55.parents)
    made["kintree_table"] = np.array(
        [[smplx55.index(above[j]) if j in above else 2**32 - 1 for j in smplx55.joints], range(55)], np.uint32
    )
    made["v_template"] = np.zeros((vertices, 3), np.float32)
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


@pytest.fixture
def written(tmp_path):
    def write(**changes):
        path = tmp_path / "SMPLX_TEST.npz"
        np.savez_compressed(path, **arrays(**changes))
        return path

    return write


def test_the_smallest_body_loads(written):
    file = BodyFile(written())
    assert (file.vertices, file.betas, file.expressions) == (vertices, 10, 10)
    body = Body(file)
    assert body.faces.shape == (2, 3)
    assert body.layers == {}
    assert body.sliders == {}
    assert body.face_unit_names == ()


def test_later_files_have_400_columns(written):
    file = BodyFile(written(columns=400))
    assert (file.betas, file.expressions) == (300, 100)


@pytest.mark.parametrize("name", needed)
def test_a_missing_array_is_named(written, name):
    with pytest.raises(ValueError, match=f"expected the array {name} in SMPLX_TEST.npz, got none"):
        BodyFile(written(**{name: None}))


@pytest.mark.parametrize(
    ("name", "shape", "expected"),
    [
        ("weights", (vertices, 54), rf"expected weights of shape \({vertices}, 55\).* got \({vertices}, 54\)"),
        ("weights", (vertices + 1, 55), rf"expected weights of shape \({vertices}, 55\).* got \({vertices + 1}, 55\)"),
        ("J_regressor", (24, vertices), rf"expected J_regressor of shape \(55, {vertices}\).* got \(24, {vertices}\)"),
        ("f", (2, 4), r"expected f of shape \(F, 3\).* got \(2, 4\)"),
        ("v_template", (3,), r"expected v_template of shape \(V, 3\).* got \(3,\)"),
        ("lmk_faces_idx", (68,), r"expected lmk_faces_idx of shape \(51\).* got \(68,\)"),
        ("shapedirs", (vertices, 3, 16), "expected shapedirs of 20 or at least 400 columns.* got 16"),
        ("posedirs", (vertices, 3, 207), rf"expected posedirs of shape \({vertices}, 3, 486\).* got"),
    ],
)
def test_a_wrong_shape_is_named_with_the_right_one(written, name, shape, expected):
    with pytest.raises(ValueError, match=expected):
        BodyFile(written(**{name: np.zeros(shape, np.int8)}))


def test_a_body_without_the_keypoint_vertices_is_refused(tmp_path):
    """SMPL's 6890, say: the shapes agree, but SMPL-X's vertices are not there."""
    small = {name: np.zeros([{"V": 6890, "F": 2, "C": 20}.get(s, s) for s in shape]) for name, shape in needed.items()}
    np.savez_compressed(tmp_path / "small.npz", **small)
    with pytest.raises(ValueError, match=r"expected 9930 … 200000 vertices in small.npz, got 6890"):
        BodyFile(tmp_path / "small.npz")


@pytest.mark.parametrize("group", extras, ids=lambda group: next(iter(group)))
def test_half_of_an_extra_is_refused(written, group):
    names = list(group)
    sizes = {"V": vertices, "K": 2, "S": 2, "L": 2, "D": 1, "B": 16}
    made = {
        name: np.array(["a", "b"][: sizes[str(shape[0])]]) if name in word_arrays
        else np.zeros([sizes.get(s, s) for s in shape], np.uint8)
        for name, shape in group.items()
    }  # fmt: skip
    if group is not hands and "layer_names" in group:
        assert BodyFile(written(**made)).strings("layer_names") == ("a", "b")
    if len(names) > 1:
        del made[names[-1]]
        with pytest.raises(ValueError, match=f"expected the array {names[-1]} in"):
            BodyFile(written(**made))
    else:
        made[names[0]] = np.zeros((5, 3), np.uint8)
        with pytest.raises(ValueError, match=f"expected {names[0]} of shape"):
            BodyFile(written(**made))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("v_template", np.full((vertices, 3), np.nan, np.float32), "expected finite numbers in the array v_template"),
        (
            "f",
            np.full((2, 3), vertices),
            rf"expected numbers 0 … {vertices - 1} in f of SMPLX_TEST.npz, got {vertices}",
        ),
        ("lmk_faces_idx", np.full(51, -1), "expected numbers 0 … 1 in lmk_faces_idx"),
        ("kintree_table", np.zeros((2, 55), np.uint32), "expected SMPL-X's joints in kintree_table"),
        ("f", np.full((2, 3), "a"), "expected numbers in f of SMPLX_TEST.npz"),
    ],
)
def test_wrong_contents_are_named(written, name, value, expected):
    with pytest.raises(ValueError, match=expected):
        Body.load(written(**{name: value}))


def test_nan_far_down_a_large_array_is_found(written):
    posedirs = np.zeros((vertices, 3, 486), np.float16)
    posedirs[-5, 1, 300] = np.inf
    with pytest.raises(ValueError, match="expected finite numbers in the array posedirs"):
        Body.load(written(posedirs=posedirs))


def test_half_precision_numbers_may_add_up_to_more_than_it_holds(written):
    whole = np.full((vertices, 3), 10, np.float16)
    assert (BodyFile(written(v_template=whole)).array("v_template") == 10).all()


def test_a_default_layer_that_is_not_there_is_named(written):
    layers = {
        "layer_names": np.array(["shirt"]), "layer_offset": np.zeros((1, vertices, 3), np.float16),
        "layer_alpha": np.zeros((1, vertices), np.uint8), "layer_color": np.zeros((1, 3), np.uint8),
    }  # fmt: skip
    assert Body.load(written(**layers, default_layers=np.zeros(0, "U1"))).default_layers == ()
    with pytest.raises(ValueError, match="expected layers among shirt, got coat"):
        Body.load(written(**layers, default_layers=np.array(["coat"])))


class Trap:
    """Runs when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return spring, ()


def spring():
    Trap.sprung = True


def test_objects_are_never_unpickled(written, monkeypatch):
    """SMPL-X's own files carry some; in a stranger's they could be anything."""
    monkeypatch.setattr(Trap, "sprung", False)
    trap = np.array(Trap(), dtype=object)
    Body.load(written(joint2num=trap))
    with pytest.raises(ValueError, match=r"expected the array weights .* got Python objects, which are never read"):
        Body.load(written(weights=np.array([Trap()], dtype=object)))
    with pytest.raises(ValueError, match="got Python objects"):
        Body.load(written(vertex_colors=np.array([Trap()], dtype=object))).file.array("vertex_colors")
    assert not Trap.sprung
    pickle.loads(pickle.dumps(Trap()))
    assert Trap.sprung


def test_what_is_no_npz_gets_a_sentence(tmp_path, written):
    with pytest.raises(ValueError, match=r"expected a body file at .*, got none"):
        BodyFile(tmp_path / "none.npz")
    for name in ("SMPLX_NEUTRAL.pkl", "renamed.npz"):
        (tmp_path / name).write_bytes(pickle.dumps({"v_template": Trap()}))
        with pytest.raises(ValueError, match=f"got {name}, a pickle: .* take the .npz"):
            BodyFile(tmp_path / name)
    (tmp_path / "text.npz").write_text("hello")
    np.save(tmp_path / "array.npy", np.zeros(3))
    (tmp_path / "cut.npz").write_bytes(written().read_bytes()[:-1000])
    for name in ("text.npz", "array.npy", "cut.npz"):
        with pytest.raises(ValueError, match=f"expected an SMPL-X .npz file, got {name}, which cannot be read as one"):
            BodyFile(tmp_path / name)
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.npz")
    with pytest.raises(ValueError, match=r"got weights.npz, which holds no arrays"):
        BodyFile(tmp_path / "weights.npz")


def test_a_header_that_promises_more_than_is_there_is_refused(tmp_path):
    """Else it would make room for numbers that never come."""
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive, archive.open("v_template.npy", "w") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 3)}
        )  # fmt: skip
    with pytest.raises(ValueError, match="which cannot be read as one"):
        BodyFile(tmp_path / "bomb.npz")


def test_damage_inside_an_array_is_named(written):
    path = written(v_template=np.random.default_rng(0).normal(size=(vertices, 3)))
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("v_template.npy")
    data = bytearray(path.read_bytes())
    data[entry.header_offset + entry.compress_size // 2] ^= 255
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"expected a whole array v_template in SMPLX_TEST.npz, got a damaged one"):
        Body.load(path)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_large_array_in_blocks_is_the_array(written, order):
    posedirs = np.zeros((vertices, 3, 486), np.int8, order=order)
    posedirs[::7, :, ::5] = np.arange(-100, -2)
    file = BodyFile(written(posedirs=posedirs))
    row = 0
    for first, block in file.blocks("posedirs"):
        assert first == row
        assert block.dtype == np.float32
        assert (block == posedirs.reshape(-1, 486)[row : row + len(block)]).all()
        row += len(block)
    assert row == 3 * vertices
    assert (file.array("posedirs") == posedirs).all()


@pytest.mark.parametrize("filled", [0.01, 0.9], ids=["sparse", "dense"])
@pytest.mark.parametrize("cut", [4, 7, 100])
def test_corrective_shapes_are_a_product_however_they_are_kept(filled, cut):
    """Blocks need not end where a point does."""
    rng = np.random.default_rng(2)
    points, joints = 20, 5
    whole = rng.normal(size=(3 * points, 9 * joints)).astype(np.float32)
    whole *= np.kron(rng.random((points, joints)) < filled, np.ones((3, 9)))
    shapes = PoseShapes(((i, whole[i : i + cut]) for i in range(0, len(whole), cut)), points, joints)
    assert (shapes.whole is not None) == (filled > 0.5)
    features = torch.from_numpy(rng.normal(size=(4, 9 * joints)).astype(np.float32))
    expected = (features @ torch.from_numpy(whole).T).view(4, points, 3)
    torch.testing.assert_close(shapes(features), expected)
    some = torch.tensor([3, 0, 17])
    torch.testing.assert_close((features @ shapes.rows(some)).view(4, 3, 3), expected[:, some])
