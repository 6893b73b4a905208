"""Dogs, cats and horses."""

from engine.mannequin import Animal, View
from scripts.recipes import Recipe

animal_poses = (
    Recipe("dog-standing", "Dog standing", "dog standing side", Animal("dog"), View(yaw=74, pitch=6)),
    Recipe(
        "dog-sitting", "Dog sitting", "dog sitting",
        Animal(
            "dog", trunk=52, level=False, neck=64, head=-8, curve=14, tail=(-112, -96),
            left_front=(-12, 4, 22), right_front=(-12, 4, 22), left_back=(78, -62, 84), right_back=(78, -62, 84),
        ),
        View(yaw=52, pitch=6),
    ),
    Recipe(
        "dog-running", "Dog running", "dog running gallop moving",
        Animal(
            "dog", trunk=3, level=False, neck=22, head=-10, curve=-8, tail=(-96, -80),
            left_front=(34, 62, 76), right_front=(14, 48, 30), left_back=(-30, -62, -54), right_back=(-14, -56, -66),
        ),
        View(yaw=80, pitch=5),
    ),
    Recipe(
        "dog-play-bow", "Dog, play bow", "dog playing bow",
        Animal(
            "dog", trunk=-30, level=False, neck=48, head=-2, curve=-12, tail=(-160, -140),
            left_front=(-28, 72, 84), right_front=(-28, 66, 84), left_back=(14, -30, 8), right_back=(14, -30, 8),
        ),
        View(yaw=66, pitch=8),
    ),
    Recipe(
        "cat-walking", "Cat walking", "cat walking moving side",
        Animal(
            "cat", neck=30, head=-12, curve=4, tail=(-140, -60),
            left_front=(-8, 16, 14), right_front=(-44, -18, -6), left_back=(4, -52, -18), right_back=(38, -24, 14),
        ),
        View(yaw=76, pitch=8),
    ),
    Recipe(
        "cat-crouching", "Cat crouching", "cat crouching hunting low",
        Animal(
            "cat", neck=4, head=0, curve=12, tail=(-84, -96),
            left_front=(-66, 30, 30), right_front=(-58, 44, 36), left_back=(66, -64, 58), right_back=(62, -66, 52),
        ),
        View(yaw=56, pitch=12),
    ),
    Recipe(
        "cat-jumping", "Cat jumping", "cat jumping air moving",
        Animal(
            "cat", trunk=34, level=False, neck=28, head=-8, curve=-6, tail=(-70, -30),
            left_front=(42, 80, 90), right_front=(30, 66, 82), left_back=(-14, -52, -46), right_back=(-6, -46, -36),
        ),
        View(yaw=82, pitch=4),
    ),
    Recipe(
        "cat-sitting", "Cat sitting", "cat sitting",
        Animal(
            "cat", trunk=58, level=False, neck=52, head=-6, curve=22, tail=(-84, 70),
            left_front=(-8, 6, 16), right_front=(-8, 6, 16), left_back=(84, -64, 86), right_back=(84, -64, 86),
        ),
        View(yaw=30, pitch=8),
    ),
    Recipe(
        "horse-standing", "Horse standing", "horse standing side",
        Animal(
            "horse", neck=48, head=-42, tail=(-16, -4), left_front=(-30, 2, 3), right_front=(-30, 2, 3),
            left_back=(20, -28, 4), right_back=(20, -28, 4),
        ),
        View(yaw=68, pitch=4, away=12),
    ),
    Recipe(
        "horse-trotting", "Horse trotting", "horse trot moving",
        Animal(
            "horse", neck=54, head=-48, tail=(-40, -14), left_front=(-6, 52, -38), right_front=(-42, -12, -10),
            left_back=(10, -46, -22), right_back=(38, -14, -20),
        ),
        View(yaw=76, pitch=4, away=12),
    ),
    Recipe(
        "horse-galloping", "Horse galloping", "horse gallop running moving",
        Animal(
            "horse", level=False, trunk=2, neck=30, head=-26, tail=(-84, -62),
            left_front=(22, 66, 58), right_front=(0, 58, -24),
            left_back=(-16, -56, -40), right_back=(6, -48, -62),
        ),
        View(yaw=78, pitch=3, away=12),
    ),
    Recipe(
        "horse-rearing", "Horse rearing", "horse rear dramatic",
        Animal(
            "horse", level=False, trunk=52, neck=72, head=-36, tail=(-28, -8),
            left_front=(34, 92, 2), right_front=(16, 76, -20),
            left_back=(30, -38, 12), right_back=(42, -26, 18),
        ),
        View(yaw=72, pitch=0, away=12),
    ),
)  # fmt: skip
