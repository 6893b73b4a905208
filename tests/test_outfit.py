"""Clothes: painted one over the other, lifted off the skin, and no part of the bones."""

import numpy as np
import pytest

from engine.body import Body
from engine.body_file import BodyFile
from engine.body_pose import BodyPose
from engine.outfit import Outfit


@pytest.fixture
def outfit():
    """A skin of three vertices under a shirt and a coat."""
    offsets = np.zeros((2, 3, 3), np.float32)
    offsets[0, :, 2], offsets[1, 1:, 2] = 0.25, 0.5
    opacities = np.array([[1, 1, 0], [0, 0.5, 1]], np.float32)
    skin = np.full((3, 3), 100, np.uint8)
    return Outfit(skin, offsets, opacities, ("shirt", "coat"), ((200, 0, 0), (0, 0, 100)), ("shirt",))


def test_clothes_are_worn_one_over_the_other(outfit):
    assert outfit.offset(()) is None
    assert outfit.offset()[:, 2].tolist() == [0.25, 0.25, 0.25]
    assert outfit.offset(["coat", "shirt"])[:, 2].tolist() == [0.25, 0.625, 0.5]
    assert outfit.painted(()).tolist() == [[100, 100, 100]] * 3
    assert outfit.painted().tolist() == [[200, 0, 0], [200, 0, 0], [100, 100, 100]]
    assert outfit.painted(["coat", "shirt"]).tolist() == [[200, 0, 0], [100, 0, 50], [0, 0, 100]]
    assert outfit.painted(["shirt"], {"shirt": (1, 2, 3)}).tolist()[0] == [1, 2, 3]
    with pytest.raises(ValueError, match="expected layers among shirt, coat, got hat, tie"):
        outfit.painted(["tie", "coat", "hat"])


def test_clothes_lift_the_mesh_but_not_the_bones(body, body_path):
    file = BodyFile(body_path)
    v = file.vertices
    offsets = np.zeros((1, v, 3), np.float32)
    offsets[..., 1] = 0.01
    dressed = Body(file)
    dressed.outfit = Outfit(body.outfit.skin, offsets, np.ones((1, v), np.float32), ("veil",), ((9, 9, 9),), ("veil",))
    pose = BodyPose(root=np.array([0, 0, np.pi / 2]))  # lying on its side: what was up is now to its right
    worn, bare = dressed.mesh(pose), dressed.mesh(pose, layers=())
    np.testing.assert_allclose(worn.vertices - bare.vertices, np.broadcast_to([-0.01, 0, 0], (v, 3)), atol=1e-5)
    assert (worn.joints == bare.joints).all()
    assert (worn.colors == 9).all()
    assert dressed.layers == {"veil": (9, 9, 9)}
    assert dressed.default_layers == ("veil",)
