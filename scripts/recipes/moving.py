"""People who walk, run, fight, dance, climb, fall and fly."""

from engine.mannequin import Arm, Face, Figure, Leg, View, builds, hands
from scripts.recipes import Recipe

fist = hands["fist"]

walking = Figure(
    hips_turn=-7, turn=14, hips_tip=4, at=(0, 0.02), sink=0.0,
    left_leg=Leg(stand=(0.06, 0.36), heading=7, heel=-16), right_leg=Leg(stand=(-0.06, -0.38), heading=7, heel=36),
    left_arm=Arm(raised=24, around=-76, bend=14, roll=8), right_arm=Arm(raised=24, around=92, bend=30, roll=15),
)  # fmt: skip

running = Figure(
    hips_turn=12, turn=-26, hips_tip=14, bend=4, nod=-12, look=12,
    left_leg=Leg(forward=-28, out=3, turn=2, knee=24, point=42, toes=26),
    right_leg=Leg(forward=78, out=2, turn=0, knee=96, point=4),
    left_arm=Arm(raised=42, around=98, bend=104, roll=22, hand=fist),
    right_arm=Arm(raised=56, around=-84, bend=92, roll=14, hand=fist),
)  # fmt: skip

fencing = Figure(
    hips_turn=40, hips_tip=4, turn=20, look=-56, sink=0.06, at=(-0.02, 0.12),
    right_leg=Leg(stand=(-0.08, 0.60), heading=0, knee_out=4),
    left_leg=Leg(stand=(0.06, -0.50), heading=74, knee_out=-10),
    right_arm=Arm(raised=92, around=32, bend=8, palm=-40, hand=hands["grip"]),
    left_arm=Arm(raised=98, around=-24, bend=84, roll=-88, wrist=20, hand=hands["soft"]),
)  # fmt: skip

arabesque = Figure(
    hips_tip=32, hips_turn=-14, bend=-40, turn=8, nod=-18, look=6, at=(0.0, 0.02), sink=0.002, build=builds["dancer"],
    left_leg=Leg(stand=(0.0, 0.0), heading=24, heel=58),
    right_leg=Leg(forward=-58, out=6, turn=34, knee=4, point=72, toes=-10),
    left_arm=Arm(raised=112, around=82, bend=10, roll=10, palm=62, hand=hands["ballet"]),
    right_arm=Arm(raised=84, around=-12, bend=12, roll=0, palm=58, hand=hands["ballet"]),
)  # fmt: skip

moving = (
    Recipe("walking", "Walking", "moving walk stride side", walking, View(yaw=72)),
    Recipe("walking-front", "Walking towards us", "moving walk stride front", walking, View(yaw=18)),
    Recipe("walking-away", "Walking away", "moving walk back behind", walking, View(yaw=150)),
    Recipe("running", "Running", "moving run sport side", running, View(yaw=-78)),
    Recipe("running-at-us", "Running at us", "moving run sport foreshortened", running,
        View(yaw=-26, pitch=-6, away=3.0)),
    Recipe(
        "jumping", "Jumping for joy", "moving jump air joyful",
        Figure(
            bend=-14, nod=-16, lean=-4,
            left_leg=Leg(forward=-12, out=16, turn=10, knee=88, point=50),
            right_leg=Leg(forward=6, out=12, turn=8, knee=62, point=50),
            left_arm=Arm(raised=150, around=24, bend=14, facing=(0, 0, 1), hand=hands["spread"]),
            right_arm=Arm(raised=158, around=24, bend=10, facing=(0, 0, 1), hand=hands["spread"]),
            face=Face(open=0.7, smile=1),
        ),
        View(yaw=28, pitch=-4),
    ),
    Recipe(
        "leap", "Grand leap", "moving jump air ballet dance",
        Figure(
            hips_tip=6, bend=-12, turn=-10, nod=-8, build=builds["dancer"],
            left_leg=Leg(forward=98, out=6, turn=20, knee=4, point=58, toes=-10),
            right_leg=Leg(forward=-62, out=8, turn=30, knee=8, point=64, toes=-10),
            right_arm=Arm(raised=110, around=84, bend=10, palm=50, hand=hands["ballet"]),
            left_arm=Arm(raised=92, around=-10, bend=12, palm=50, hand=hands["ballet"]),
        ),
        View(yaw=72),
    ),
    Recipe(
        "landing", "Hero's landing", "moving landing crouch heroic",
        Figure(
            hips_tip=52, bend=38, nod=-52, look=10, at=(0, -0.06), sink=0.48, turn=-8, build=builds["heroic"],
            left_leg=Leg(stand=(0.2, 0.26), heading=24, knee_out=16),
            right_leg=Leg(stand=(-0.24, -0.3), heading=30, heel=58, knee_out=32),
            right_arm=Arm(reach=("world", -0.14, 0.09, 0.42), elbow=20,
                pointing=(0.15, -0.55, 0.8), facing=(0, -1, -0.5), hand=hands["fist"]),
            left_arm=Arm(raised=96, around=-30, bend=24, palm=40, hand=hands["open"]),
        ),
        View(yaw=30, pitch=4, away=5),
    ),
    Recipe(
        "throwing", "Throwing a ball", "moving throw sport",
        Figure(
            hips_turn=-38, turn=-34, look=64, lean=-8, bend=-6, at=(-0.05, -0.05), sink=0.03,
            left_leg=Leg(stand=(0.0, 0.46), heading=4, heel=-14),
            right_leg=Leg(stand=(-0.12, -0.34), heading=62, knee_out=0),
            right_arm=Arm(raised=100, around=-28, bend=84, roll=-70, palm=20, wrist=-30, hand=hands["grip"]),
            left_arm=Arm(raised=92, around=10, bend=16, palm=60, hand=hands["open"]),
        ),
        View(yaw=-52),
    ),
    Recipe(
        "kicking", "Kicking a ball", "moving kick sport football",
        Figure(
            hips_turn=18, turn=-30, hips_tip=-16, bend=16, nod=14, at=(0.02, -0.08), sink=0.01,
            left_leg=Leg(stand=(0.1, 0.05), heading=8),
            right_leg=Leg(forward=76, out=4, turn=8, knee=12, point=46),
            left_arm=Arm(raised=78, around=36, bend=22, palm=40, hand=hands["open"]),
            right_arm=Arm(raised=62, around=-42, bend=26, hand=hands["relaxed"]),
        ),
        View(yaw=-60),
    ),
    Recipe(
        "high-kick", "High side kick", "moving kick martial arts fight",
        Figure(
            hips_turn=24, hips_lean=40, lean=-14, look=-54, tilt=-10, at=(0.0, 0.0), sink=0.0,
            left_leg=Leg(stand=(0.2, 0.0), heading=52, knee_out=0),
            right_leg=Leg(forward=14, out=66, turn=-30, knee=4, point=0),
            right_arm=Arm(raised=34, around=20, bend=56, roll=20, hand=fist),
            left_arm=Arm(raised=40, around=70, bend=118, roll=30, hand=fist),
        ),
        View(yaw=14),
    ),
    Recipe(
        "punching", "Straight punch", "moving punch boxing fight",
        Figure(
            hips_turn=34, turn=26, look=-46, bend=8, hips_tip=8, at=(0, 0.08), sink=0.03,
            left_leg=Leg(stand=(0.16, 0.36), heading=8, knee_out=6),
            right_leg=Leg(stand=(-0.16, -0.34), heading=10, heel=36),
            right_arm=Arm(raised=92, around=33, bend=6, palm=84, hand=fist),
            left_arm=Arm(reach=("head", 0.085, -0.14, 0.17), elbow=-8,
                pointing=(-0.2, 0.9, 0.1), facing=(-0.6, 0, -0.8), hand=fist),
        ),
        View(yaw=52),
    ),
    Recipe(
        "guard", "Boxing guard", "standing boxing fight stance",
        Figure(
            hips_turn=-28, turn=-6, look=30, bend=12, nod=4, sink=0.06, at=(0, 0.02),
            left_leg=Leg(stand=(0.16, 0.26), heading=0, knee_out=8),
            right_leg=Leg(stand=(-0.16, -0.24), heading=42, heel=14),
            left_arm=Arm(reach=("head", 0.10, -0.12, 0.32), elbow=-12,
                pointing=(-0.1, 0.9, 0.4), facing=(-0.7, 0, -0.7), hand=fist),
            right_arm=Arm(reach=("head", -0.07, -0.14, 0.15), elbow=-4,
                pointing=(0.1, 0.95, 0.2), facing=(0.8, 0, -0.5), hand=fist),
        ),
        View(yaw=-12),
    ),
    Recipe(
        "front-stance", "Karate front stance", "standing martial arts fight stance",
        Figure(
            turn=10, look=-6, sink=0.004, at=(0, 0.12),
            left_leg=Leg(stand=(0.14, 0.44), heading=4, knee_out=6),
            right_leg=Leg(stand=(-0.16, -0.36), heading=26),
            left_arm=Arm(raised=84, around=88, bend=8, roll=12, palm=80, hand=fist),
            right_arm=Arm(raised=40, around=-88, bend=122, roll=8, palm=-70, hand=fist),
        ),
        View(yaw=42),
    ),
    Recipe(
        "sword", "Sword stance", "standing sword fight fantasy",
        Figure(
            hips_turn=-26, turn=-10, look=34, sink=0.11, at=(-0.02, 0.02), bend=4,
            left_leg=Leg(stand=(0.2, 0.34), heading=6, knee_out=8),
            right_leg=Leg(stand=(-0.24, -0.3), heading=58, knee_out=4),
            right_arm=Arm(reach=("chest", -0.2, 0.16, 0.25), elbow=38,
                pointing=(0.25, 0.35, 0.9), facing=(0.8, -0.5, 0), hand=hands["grip"]),
            left_arm=Arm(reach=("chest", -0.13, 0.07, 0.28), elbow=-14,
                pointing=(-0.45, 0.6, 0.6), facing=(-0.8, -0.5, 0.2), hand=hands["grip"]),
            face=Face(brows=-0.8, smile=-0.3),
        ),
        View(yaw=12),
    ),
    Recipe("fencing", "Fencing lunge", "moving fencing sword sport lunge", fencing, View(yaw=-62)),
    Recipe(
        "archery", "Drawing a bow", "standing archery bow fantasy",
        Figure(
            hips_turn=-80, turn=-6, look=80, nod=2, left_leg=Leg(stand=(0.06, 0.2), heading=-66),
                right_leg=Leg(stand=(-0.06, -0.2), heading=86),
            left_arm=Arm(raised=90, around=2, bend=2, palm=84,
                hand=hands["grip"], facing=(-0.1, 0, 1), pointing=(-0.45, 0.75, 0.5)),
            right_arm=Arm(reach=("head", -0.05, -0.115, 0.13), elbow=84,
                pointing=(0.1, 0.2, 1), facing=(0.8, -0.3, 0), hand=hands["strings"]),
        ),
        View(yaw=-68),
    ),
    Recipe("arabesque", "Arabesque", "moving ballet dance balance", arabesque, View(yaw=78)),
    Recipe(
        "ballet-fifth", "Ballet, arms in fifth", "standing ballet dance",
        Figure(
            bend=-5, look=26, tilt=-6, nod=-6, sink=0.0, build=builds["dancer"],
            left_leg=Leg(stand=(0.05, 0.05), heading=52, heel=52, knee_out=30),
            right_leg=Leg(stand=(-0.05, -0.05), heading=52, heel=52, knee_out=30),
            left_arm=Arm(raised=150, around=32, bend=46, roll=-62, facing=(-0.6, -0.7, -0.2), hand=hands["ballet"]),
            right_arm=Arm(raised=150, around=32, bend=46, roll=-62, facing=(0.6, -0.7, -0.2), hand=hands["ballet"]),
        ),
        View(yaw=-22),
    ),
    Recipe(
        "hip-hop", "Hip-hop groove", "moving dance hip-hop street",
        Figure(
            hips_lean=-12, hips_tip=22, lean=20, bend=10, turn=-16, look=20, tilt=-14, sink=0.2, at=(0.08, -0.08),
            left_leg=Leg(stand=(0.24, 0.02), heading=30, knee_out=12),
            right_leg=Leg(stand=(-0.36, 0.06), heading=34, heel=24, knee_out=-10),
            left_arm=Arm(raised=84, around=28, bend=96, roll=84, wrist=26, hand=hands["gun"]),
            right_arm=Arm(raised=78, around=12, bend=72, roll=-72, wrist=24, hand=hands["spread"]),
            face=Face(smile=0.8),
        ),
        View(yaw=14),
    ),
    Recipe(
        "twirl", "Dancing twirl", "moving dance joyful skirt",
        Figure(
            hips_turn=16, turn=34, lean=12, look=30, tilt=10, bend=-8, at=(0.04, 0), sink=0.0, build=builds["dancer"],
            left_leg=Leg(stand=(0.04, 0.0), heading=20, heel=46),
            right_leg=Leg(forward=-14, out=12, turn=24, knee=70, point=50),
            left_arm=Arm(raised=148, around=10, bend=30, roll=-50, palm=30, hand=hands["ballet"]),
            right_arm=Arm(raised=72, around=10, bend=26, palm=40, hand=hands["ballet"]),
            face=Face(smile=0.9),
        ),
        View(yaw=6),
    ),
    Recipe(
        "pushing", "Pushing", "moving effort push",
        Figure(
            hips_tip=34, bend=6, nod=2, at=(0, -0.06), sink=0.02,
            left_leg=Leg(stand=(0.11, 0.1), heading=6, heel=10),
            right_leg=Leg(stand=(-0.11, -0.52), heading=8, heel=34),
            left_arm=Arm(raised=84, around=88, bend=26, roll=-30,
                pointing=(-0.1, 0.95, 0.25), facing=(0, -0.2, 1), hand=hands["open"]),
            right_arm=Arm(raised=84, around=88, bend=26, roll=-30,
                pointing=(0.1, 0.95, 0.25), facing=(0, -0.2, 1), hand=hands["open"]),
        ),
        View(yaw=72),
    ),
    Recipe(
        "pulling", "Pulling a rope", "moving effort pull rope",
        Figure(
            hips_tip=-24, bend=4, nod=14, turn=-14, at=(0, -0.36), sink=0.09,
            left_leg=Leg(stand=(0.14, 0.3), heading=16, heel=-6),
            right_leg=Leg(stand=(-0.14, -0.16), heading=30),
            left_arm=Arm(reach=("chest", 0.08, -0.02, 0.47), elbow=6,
                pointing=(-0.4, 0.1, 0.9), facing=(-0.7, -0.6, 0), hand=hands["grip"]),
            right_arm=Arm(reach=("chest", -0.03, -0.05, 0.30), elbow=24,
                pointing=(0.5, 0.1, 0.8), facing=(0.7, -0.6, 0), hand=hands["grip"]),
        ),
        View(yaw=58),
    ),
    Recipe(
        "climbing", "Climbing", "moving climb wall back",
        Figure(
            hips_lean=-6, lean=-10, nod=-26, look=-16, at=(0, -0.06), hips_tip=2,
            left_leg=Leg(forward=86, out=36, turn=24, knee=104, point=10),
            right_leg=Leg(forward=8, out=10, turn=18, knee=18, point=26),
            right_arm=Arm(raised=160, around=60, bend=14,
                pointing=(0.1, 0.9, 0.4), facing=(0, -0.3, 1), hand=hands["claw"]),
            left_arm=Arm(raised=104, around=52, bend=86, roll=-40,
                pointing=(-0.1, 0.9, 0.4), facing=(0, -0.3, 1), hand=hands["claw"]),
        ),
        View(yaw=152),
    ),
    Recipe(
        "flying", "Flying hero", "moving flying heroic air",
        Figure(
            hips_tip=68, bend=-18, nod=-38, turn=-8, build=builds["heroic"],
            left_leg=Leg(forward=-6, out=3, turn=4, knee=6, point=52),
            right_leg=Leg(forward=24, out=4, turn=4, knee=54, point=50),
            right_arm=Arm(raised=168, around=80, bend=4, palm=60, hand=fist),
            left_arm=Arm(raised=24, around=-40, bend=36, hand=fist),
        ),
        View(yaw=48, pitch=6, away=4.5),
    ),
    Recipe(
        "falling", "Falling", "moving falling air dramatic",
        Figure(
            hips_tip=-64, hips_turn=20, bend=16, nod=18, look=20, lean=10,
            left_leg=Leg(forward=58, out=16, turn=8, knee=46, point=26),
            right_leg=Leg(forward=26, out=20, turn=10, knee=32, point=30),
            left_arm=Arm(raised=118, around=56, bend=32, hand=hands["spread"]),
            right_arm=Arm(raised=104, around=14, bend=24, hand=hands["spread"]),
            face=Face(open=0.9, brows=1, smile=-0.4),
        ),
        View(yaw=66, pitch=8),
    ),
    Recipe(
        "skating", "Skateboarding", "moving sport skate street",
        Figure(
            hips_turn=-64, hips_tip=14, bend=18, turn=-4, look=58, sink=0.22, at=(0, -0.02),
            left_leg=Leg(stand=(0.02, 0.27), heading=-42, knee_out=24),
            right_leg=Leg(stand=(-0.02, -0.27), heading=74, knee_out=8),
            left_arm=Arm(raised=76, around=8, bend=26, palm=50, hand=hands["open"]),
            right_arm=Arm(raised=70, around=-4, bend=42, palm=40, hand=hands["relaxed"]),
        ),
        View(yaw=-34),
    ),
)  # fmt: skip
