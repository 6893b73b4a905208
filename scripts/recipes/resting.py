"""People who sit, kneel, crouch and lie."""

from engine.mannequin import Arm, Figure, Leg, View, hands
from scripts.recipes import Recipe

chair_left, chair_right = Leg(stand=(0.15, 0.44), heading=10), Leg(stand=(-0.15, 0.41), heading=10)

resting = (
    Recipe(
        "sitting", "Sitting on a chair", "sitting chair neutral",
        Figure(
            left_leg=chair_left, right_leg=chair_right, sink=0.31, hips_tip=-4, bend=4,
            left_arm=Arm(reach=("left_knee", 0.0, 0.085, -0.13),
                pointing=(-0.15, -0.15, 0.95), facing=(-0.1, -1, -0.1)),
            right_arm=Arm(reach=("right_knee", 0.0, 0.085, -0.13),
                pointing=(0.15, -0.15, 0.95), facing=(0.1, -1, -0.1)),
        ),
        View(yaw=42, pitch=8),
    ),
    Recipe(
        "sitting-profile", "Sitting, profile", "sitting chair side profile",
        Figure(
            left_leg=chair_left, right_leg=chair_right, sink=0.31, hips_tip=2, bend=14, nod=10,
            left_arm=Arm(reach=("left_knee", -0.02, 0.08, -0.08), pointing=(-0.3, -0.2, 0.9), facing=(-0.1, -1, 0)),
            right_arm=Arm(reach=("right_knee", 0.02, 0.08, -0.08), pointing=(0.3, -0.2, 0.9), facing=(0.1, -1, 0)),
        ),
        View(yaw=-86),
    ),
    Recipe(
        "thinker", "The thinker", "sitting classical thoughtful sculpture",
        Figure(
            hips_tip=22, bend=34, nod=-12, turn=20, look=-4, sink=0.27, at=(0, 0),
            left_leg=Leg(stand=(0.15, 0.34), heading=8, heel=16), right_leg=Leg(stand=(-0.15, 0.26), heading=6,
                heel=28),
            right_arm=Arm(reach=("head", -0.015, -0.17, 0.12), elbow=-35,
                pointing=(0.3, 0.55, -0.65), facing=(0.1, 0.3, 0.9), hand=hands["soft"]),
            left_arm=Arm(reach=("left_knee", -0.06, 0.075, -0.04),
                pointing=(-0.6, -0.5, 0.5), facing=(-0.1, -1, -0.3), hand=hands["soft"]),
        ),
        View(yaw=-52, pitch=6),
    ),
    Recipe(
        "legs-crossed", "Sitting, one leg over", "sitting chair elegant",
        Figure(
            hips_tip=-6, bend=4, turn=8, look=-14, tilt=6, sink=0.31,
            left_leg=Leg(stand=(0.07, 0.44), heading=2),
            right_leg=Leg(forward=100, out=-15, turn=-14, knee=74, point=28),
            left_arm=Arm(reach=("right_knee", 0.12, 0.06, -0.06),
                pointing=(-0.85, -0.1, 0.4), facing=(0, -1, -0.2), hand=hands["soft"]),
            right_arm=Arm(reach=("right_knee", 0.06, 0.10, -0.14),
                pointing=(0.75, -0.15, 0.5), facing=(0, -1, -0.2), hand=hands["soft"]),
        ),
        View(yaw=30, pitch=8),
    ),
    Recipe(
        "cross-legged", "Sitting cross-legged", "sitting floor meditation yoga",
        Figure(
            hips_tip=-2, nod=4,
            left_leg=Leg(forward=84, out=48, turn=62, knee=136, point=30),
            right_leg=Leg(forward=76, out=50, turn=66, knee=128, point=30),
            left_arm=Arm(reach=("left_knee", -0.02, 0.08, -0.06),
                pointing=(0.35, -0.25, 0.9), facing=(0, 1, 0.2), hand=hands["ok"]),
            right_arm=Arm(reach=("right_knee", 0.02, 0.08, -0.06),
                pointing=(-0.35, -0.25, 0.9), facing=(0, 1, 0.2), hand=hands["ok"]),
        ),
        View(yaw=10, pitch=14),
    ),
    Recipe(
        "sitting-floor", "Sitting, knees drawn up", "sitting floor pensive",
        Figure(
            hips_tip=-6, bend=34, nod=14, tilt=6,
            left_leg=Leg(forward=124, out=6, turn=4, knee=126, point=4),
            right_leg=Leg(forward=124, out=6, turn=4, knee=126, point=4),
            left_arm=Arm(reach=("left_knee", -0.03, -0.15, 0.09), elbow=20,
                pointing=(-0.95, 0, 0.1), facing=(0, 0, -1), hand=hands["soft"]),
            right_arm=Arm(reach=("right_knee", 0.03, -0.19, 0.10), elbow=20,
                pointing=(0.95, 0, 0.1), facing=(0, 0, -1), hand=hands["soft"]),
        ),
        View(yaw=52, pitch=8),
    ),
    Recipe(
        "mermaid", "Sitting aside, one arm propped", "sitting floor elegant classical",
        Figure(
            hips_tip=-4, hips_lean=10, lean=-12, turn=10, look=20, tilt=8,
            left_leg=Leg(forward=90, out=14, turn=74, knee=118, point=40),
            right_leg=Leg(forward=88, out=2, turn=-62, knee=116, point=46),
            left_arm=Arm(raised=30, around=-20, bend=4,
                pointing=(0.9, -0.3, -0.3), facing=(0, -1, 0), hand=hands["open"]),
            right_arm=Arm(reach=("left_knee", -0.16, 0.1, -0.12),
                pointing=(0.8, -0.2, 0.5), facing=(0, -1, 0), hand=hands["soft"]),
        ),
        View(yaw=12, pitch=10),
    ),
    Recipe(
        "kneeling", "Kneeling on one knee", "kneeling proposal knight",
        Figure(
            hips_tip=2, nod=-6, at=(0, 0), sink=0.31,
            left_leg=Leg(stand=(0.13, 0.4), heading=6),
            right_leg=Leg(forward=-2, out=6, turn=4, knee=96, point=28, toes=62),
            left_arm=Arm(reach=("left_knee", -0.02, 0.08, -0.09),
                pointing=(-0.4, -0.2, 0.9), facing=(-0.1, -1, 0), hand=hands["soft"]),
            right_arm=Arm(raised=50, around=80, bend=44, palm=-60, hand=hands["cupped"]),
        ),
        View(yaw=54),
    ),
    Recipe(
        "kneeling-both", "Kneeling on both knees", "kneeling seiza floor",
        Figure(
            hips_tip=8, bend=6, nod=12,
            left_leg=Leg(forward=78, out=8, turn=4, knee=156, point=72),
            right_leg=Leg(forward=78, out=8, turn=4, knee=156, point=72),
            left_arm=Arm(reach=("left_knee", -0.02, 0.08, -0.18), pointing=(-0.45, -0.1, 0.85), facing=(0, -1, 0)),
            right_arm=Arm(reach=("right_knee", 0.02, 0.08, -0.18), pointing=(0.45, -0.1, 0.85), facing=(0, -1, 0)),
        ),
        View(yaw=34, pitch=8),
    ),
    Recipe(
        "crouching", "Crouching", "crouching low sneaking",
        Figure(
            hips_tip=36, bend=18, nod=-34, look=-10, sink=0.46, at=(0, -0.12),
            left_leg=Leg(stand=(0.16, 0.14), heading=18, knee_out=10),
            right_leg=Leg(stand=(-0.16, -0.1), heading=22, heel=38, knee_out=14),
            left_arm=Arm(reach=("world", 0.24, 0.2, 0.36), elbow=10,
                pointing=(-0.15, -0.85, 0.5), facing=(-0.2, -0.5, -0.8), hand=hands["soft"]),
            right_arm=Arm(reach=("world", -0.12, 0.14, 0.38), elbow=10,
                pointing=(0.1, -0.75, 0.65), facing=(0, -0.6, -0.8), hand=hands["reach"]),
        ),
        View(yaw=48, pitch=8),
    ),
    Recipe(
        "lying-back", "Lying on the back", "lying resting floor",
        Figure(
            hips_tip=-90, nod=6, look=24,
            left_leg=Leg(forward=52, out=4, turn=4, knee=98, point=18),
            right_leg=Leg(forward=2, out=7, turn=18, knee=4, point=28),
            left_arm=Arm(raised=34, around=0, bend=100, roll=40, palm=40, hand=hands["relaxed"]),
            right_arm=Arm(raised=132, around=-6, bend=76, roll=-96, hand=hands["relaxed"]),
        ),
        View(yaw=78, pitch=24),
    ),
    Recipe(
        "lying-side", "Reclining on the side", "lying reclining classical",
        Figure(
            hips_lean=88, lean=-40, tilt=-6, look=-4, bend=4, hips_turn=0,
            left_leg=Leg(forward=34, out=-2, turn=4, knee=58, point=34),
            right_leg=Leg(forward=14, out=6, turn=4, knee=28, point=34),
            left_arm=Arm(raised=50, around=20, bend=142, roll=-84,
                pointing=(-0.3, 0.9, 0.0), facing=(-0.9, -0.4, 0.0), hand=hands["soft"]),
            right_arm=Arm(raised=10, around=20, bend=26, palm=40, hand=hands["soft"]),
        ),
        View(yaw=4, pitch=10),
    ),
    Recipe(
        "lying-front", "Lying on the front", "lying reading floor",
        Figure(
            hips_tip=86, bend=-40, nod=-24, look=10,
            left_leg=Leg(forward=-2, out=5, turn=4, knee=74, point=34),
            right_leg=Leg(forward=-2, out=5, turn=4, knee=24, point=52),
            left_arm=Arm(reach=("head", 0.06, -0.16, 0.06), elbow=10,
                pointing=(0.2, 0.8, 0.2), facing=(-0.7, 0, -0.5), hand=hands["cupped"]),
            right_arm=Arm(reach=("head", -0.06, -0.16, 0.06), elbow=10,
                pointing=(-0.2, 0.8, 0.2), facing=(0.7, 0, -0.5), hand=hands["cupped"]),
        ),
        View(yaw=62, pitch=16),
    ),
)  # fmt: skip
