"""People who stand, lean, point, hold and play."""

from typing import TypedDict

from engine.mannequin import Arm, Face, Figure, Leg, View, builds, hands
from scripts.recipes import Recipe

contrapposto = Figure(
    hips_lean=9, hips_turn=-8, lean=-15, turn=12, look=24, tilt=6, nod=6, at=(-0.075, 0), sink=0.004,
    right_leg=Leg(stand=(-0.1, 0.0), heading=22), left_leg=Leg(stand=(0.13, 0.12), heading=38, heel=22, knee_out=4),
    left_arm=Arm(raised=12, around=35, bend=118, roll=18, palm=30, wrist=20, hand=hands["soft"]),
    right_arm=Arm(raised=10, around=-10, bend=18, palm=25, hand=hands["soft"]),
)  # fmt: skip

at_ease = Figure(left_leg=Leg(stand=(0.13, 0.02), heading=16), right_leg=Leg(stand=(-0.13, 0.0), heading=16), nod=3)

akimbo = Arm(
    reach=("hips", 0.195, 0.12, -0.01), elbow=38, pointing=(-0.3, -0.42, 0.85), facing=(-0.9, -0.3, -0.2),
        hand=hands["open"]
)  # fmt: skip


class Feet(TypedDict):
    """Where both feet stand."""

    left_leg: Leg
    right_leg: Leg


def _apart(width: float, forward: float = 0.0) -> Feet:
    """Two planted feet, `width` metres apart, the left one `forward`."""
    return {
        "left_leg": Leg(stand=(width / 2, forward / 2), heading=14),
        "right_leg": Leg(stand=(-width / 2, -forward / 2), heading=16),
    }


standing = (
    Recipe("contrapposto", "Contrapposto", "standing classical weight shift relaxed", contrapposto, View(yaw=-14)),
    Recipe("at-ease", "Standing at ease", "standing relaxed neutral front", at_ease, View(yaw=0)),
    Recipe("three-quarter", "Standing, three-quarter view", "standing neutral three-quarter", at_ease, View(yaw=40)),
    Recipe("profile", "Standing, profile", "standing neutral side profile", at_ease, View(yaw=88)),
    Recipe("back", "Standing, back view", "standing neutral back behind", at_ease, View(yaw=178)),
    Recipe(
        "back-contrapposto", "Contrapposto from behind", "standing classical back behind weight shift",
        contrapposto, View(yaw=155),
    ),
    Recipe(
        "hands-on-hips", "Hands on hips", "standing confident heroic",
        Figure(**_apart(0.38), left_arm=akimbo, right_arm=akimbo.mirrored(), nod=-4, bend=-4, build=builds["heroic"]),
        View(yaw=16, pitch=-2),
    ),
    Recipe(
        "one-hand-on-hip", "One hand on the hip", "standing fashion model weight shift",
        Figure(
            hips_lean=-10, lean=16, turn=8, look=-22, tilt=-6, at=(0.07, 0), sink=0.004, build=builds["slender"],
            left_leg=Leg(stand=(0.08, 0.0), heading=10),
            right_leg=Leg(stand=(-0.12, 0.16), heading=22, heel=12),
            left_arm=akimbo,
            right_arm=Arm(raised=10, around=10, bend=16, hand=hands["soft"]),
        ),
        View(yaw=-12),
    ),
    Recipe(
        "arms-crossed", "Arms crossed", "standing stern waiting",
        Figure(
            **_apart(0.3), nod=4, tilt=4,
            left_arm=Arm(reach=("chest", -0.08, 0.06, 0.185), elbow=20,
                pointing=(-0.72, 0.5, -0.4), facing=(0.1, 0, -1), hand=hands["flat"]),
            right_arm=Arm(reach=("chest", 0.09, 0.0, 0.215), elbow=20,
                pointing=(0.9, 0.2, -0.25), facing=(0, -0.3, -1), hand=hands["soft"]),
        ),
        View(yaw=14),
    ),
    Recipe(
        "leaning", "Leaning on a wall", "standing leaning casual",
        Figure(
            hips_tip=-9, bend=6, nod=12, look=25, at=(0, -0.19), sink=0.01,
            right_leg=Leg(stand=(-0.12, 0.09), heading=14),
            left_leg=Leg(stand=(0.08, 0.2), heading=5, heel=0),
            left_arm=Arm(raised=14, around=50, bend=70, roll=42, palm=20, hand=hands["relaxed"]),
            right_arm=Arm(raised=14, around=-20, bend=44, roll=5, palm=60, hand=hands["soft"]),
        ),
        View(yaw=62),
    ),
    Recipe(
        "reaching-up", "Reaching up", "standing stretching reaching",
        Figure(
            hips_lean=-6, lean=10, bend=-6, nod=-32, look=-14, at=(0.02, 0.02), sink=0.0,
            left_leg=Leg(stand=(0.08, 0.03), heading=10, heel=34),
            right_leg=Leg(stand=(-0.11, -0.1), heading=14, heel=50),
            right_arm=Arm(raised=166, around=40, bend=8, palm=10, hand=hands["reach"], facing=(0, 0.3, 1)),
            left_arm=Arm(raised=26, around=-12, bend=22, hand=hands["relaxed"]),
        ),
        View(yaw=-28),
    ),
    Recipe(
        "stretching", "Morning stretch", "standing stretching arms overhead",
        Figure(
            **_apart(0.26), bend=-14, nod=-12, tilt=8, lean=-8,
            left_arm=Arm(raised=160, around=25, bend=46, roll=20, palm=-10, hand=hands["fist"]),
            right_arm=Arm(raised=156, around=25, bend=70, roll=25, hand=hands["fist"]),
            face=Face(open=0.5, eyes=0.3),
        ),
        View(yaw=24),
    ),
    Recipe(
        "pointing", "Pointing the way", "standing pointing gesture",
        Figure(
            **_apart(0.34, 0.2), turn=14, look=30,
            left_arm=Arm(raised=90, around=42, bend=6, palm=80, hand=hands["point"]),
            right_arm=Arm(reach=("hips", -0.195, 0.12, -0.01), elbow=38,
                pointing=(0.3, -0.42, 0.85), facing=(0.9, -0.3, -0.2)),
        ),
        View(yaw=-20),
    ),
    Recipe(
        "pointing-at-you", "Pointing at you", "standing pointing foreshortened",
        Figure(
            **_apart(0.4, -0.3), turn=24, look=-18, nod=4, bend=6,
            right_arm=Arm(raised=86, around=60, bend=4, palm=80, hand=hands["point"]),
            left_arm=Arm(raised=16, around=-30, bend=60, hand=hands["fist"]),
            face=Face(brows=-0.6, smile=-0.2),
        ),
        View(yaw=-8, pitch=2, away=2.6),
    ),
    Recipe(
        "waving", "Waving hello", "standing greeting friendly gesture",
        Figure(
            **_apart(0.24), lean=4, tilt=-8, look=-8,
            right_arm=Arm(raised=72, around=22, bend=112, roll=-78, facing=(0, 0, 1), tilt=-8, hand=hands["open"]),
            left_arm=Arm(raised=9, around=15, bend=18),
            face=Face(open=0.25, smile=1),
        ),
        View(yaw=10),
    ),
    Recipe(
        "salute", "Salute", "standing military gesture",
        Figure(
            left_leg=Leg(stand=(0.07, 0), heading=18), right_leg=Leg(stand=(-0.07, 0), heading=18), bend=-4,
            right_arm=Arm(reach=("head", -0.165, 0.035, 0.135), elbow=58,
                pointing=(0.62, 0.62, -0.1), facing=(0.35, -0.5, 0.6), hand=hands["flat"]),
            left_arm=Arm(raised=5, around=0, bend=4, palm=10, hand=hands["fist"]),
        ),
        View(yaw=-16),
    ),
    Recipe(
        "thinking", "Thinking", "standing thoughtful",
        Figure(
            **_apart(0.22, 0.12), nod=12, tilt=8, look=-10, bend=4,
            left_arm=Arm(reach=("chest", -0.075, -0.02, 0.2), elbow=6,
                pointing=(-0.9, 0, -0.2), facing=(0, 0.5, -0.8), hand=hands["soft"]),
            right_arm=Arm(reach=("head", -0.035, -0.185, 0.085), elbow=-14,
                pointing=(0.12, 0.95, 0.1), facing=(0.3, 0.1, -0.9), hand=hands["soft"]),
        ),
        View(yaw=-22),
    ),
    Recipe(
        "reading", "Reading a book", "standing reading holding",
        Figure(
            **_apart(0.22), nod=30, bend=8,
            left_arm=Arm(reach=("chest", 0.10, 0.0, 0.33), elbow=0,
                pointing=(-0.5, 0.45, 0.55), facing=(-0.35, 0.6, -0.6), hand=hands["cupped"]),
            right_arm=Arm(reach=("chest", -0.10, 0.0, 0.33), elbow=0,
                pointing=(0.5, 0.45, 0.55), facing=(0.35, 0.6, -0.6), hand=hands["cupped"]),
        ),
        View(yaw=34),
    ),
    Recipe(
        "phone", "On the phone", "standing talking casual",
        Figure(
            hips_lean=6, lean=-8, at=(-0.04, 0), tilt=-10, look=20, **_apart(0.22, 0.14),
            right_arm=Arm(reach=("head", -0.115, -0.075, 0.06), elbow=14,
                pointing=(0.2, 0.95, -0.1), facing=(1, 0, 0), hand=hands["grip"]),
            left_arm=Arm(raised=16, around=30, bend=75, roll=35, palm=-20, hand=hands["relaxed"]),
        ),
        View(yaw=-30),
    ),
    Recipe(
        "violin", "Playing the violin", "standing music playing instrument",
        Figure(
            **_apart(0.26, 0.14), turn=-8, look=38, tilt=14, nod=16,
            left_arm=Arm(reach=("chest", 0.285, 0.225, 0.315), elbow=-42,
                pointing=(-0.45, 0.75, 0.1), facing=(-0.6, 0.2, -0.8), hand=hands["strings"]),
            right_arm=Arm(reach=("chest", -0.06, 0.19, 0.37), elbow=34,
                pointing=(0.75, 0.0, 0.45), facing=(0.1, -1, 0), hand=hands["brush"]),
        ),
        View(yaw=-24),
    ),
    Recipe(
        "guitar", "Playing the guitar", "standing music playing instrument",
        Figure(
            **_apart(0.36, 0.12), turn=-6, look=26, nod=22, bend=6,
            left_arm=Arm(reach=("chest", 0.40, -0.03, 0.235), elbow=4,
                pointing=(-0.5, 0.8, 0.25), facing=(-0.3, 0.1, -0.9), hand=hands["strings"]),
            right_arm=Arm(reach=("chest", -0.13, -0.14, 0.20), elbow=26,
                pointing=(0.85, -0.45, 0.1), facing=(0.1, 0, -1), hand=hands["pinch"]),
        ),
        View(yaw=8),
    ),
    Recipe(
        "painter", "Painting at the easel", "standing artist painting holding brush",
        Figure(
            **_apart(0.28, 0.16), look=-14, nod=4, lean=4, turn=12,
            right_arm=Arm(reach=("chest", -0.22, 0.13, 0.42), elbow=8,
                pointing=(0.15, 0.35, 0.92), facing=(0.75, -0.5, 0.1), hand=hands["brush"]),
            left_arm=Arm(raised=14, around=55, bend=92, roll=20, palm=-60, hand=hands["cupped"]),
        ),
        View(yaw=-58),
    ),
    Recipe(
        "carrying", "Carrying a box", "standing carrying holding load",
        Figure(
            **_apart(0.3, 0.24), bend=-9, nod=2, at=(0, -0.02),
            left_arm=Arm(reach=("chest", 0.17, -0.15, 0.34), elbow=-6,
                pointing=(-0.25, -0.1, 0.95), facing=(-0.6, 0.8, 0), hand=hands["cupped"]),
            right_arm=Arm(reach=("chest", -0.17, -0.15, 0.34), elbow=-6,
                pointing=(0.25, -0.1, 0.95), facing=(0.6, 0.8, 0), hand=hands["cupped"]),
        ),
        View(yaw=38),
    ),
    Recipe(
        "hero", "Heroic stand from below", "standing heroic foreshortened low angle",
        Figure(
            **_apart(0.5, 0.12), bend=-6, turn=-10, look=18, build=builds["heroic"],
            left_arm=Arm(raised=20, around=-8, bend=28, hand=hands["fist"]),
            right_arm=Arm(raised=20, around=-8, bend=28, hand=hands["fist"]),
        ),
        View(yaw=22, pitch=-24, away=3.2),
    ),
    Recipe(
        "from-above", "Seen from above", "standing foreshortened high angle",
        Figure(**_apart(0.26, 0.1), nod=-30, tilt=6, left_arm=Arm(raised=18), right_arm=Arm(raised=14)),
        View(yaw=24, pitch=52, away=3.0),
    ),
    Recipe(
        "child", "Child, standing", "standing child proportions",
        Figure(
            **_apart(0.16), build=builds["child"], tilt=8, nod=-6, lean=3,
            left_arm=Arm(raised=14, bend=20), right_arm=Arm(raised=16, around=-30, bend=40, roll=30),
            face=Face(smile=0.8),
        ),
        View(yaw=14),
    ),
    Recipe(
        "child-arms-up", "Child, arms up", "standing child joyful proportions",
        Figure(
            **_apart(0.2), build=builds["child"], nod=-14, bend=-6,
            left_arm=Arm(raised=148, around=10, bend=16, facing=(0, 0.3, 1), hand=hands["spread"]),
            right_arm=Arm(raised=140, around=10, bend=24, facing=(0, 0.3, 1), hand=hands["spread"]),
            face=Face(open=0.6, smile=1),
        ),
        View(yaw=-12),
    ),
)  # fmt: skip
