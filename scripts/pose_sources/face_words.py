"""What faces do together, in units of the face: feelings, doings and the shapes of speech, each at full strength.

Written by hand for this project after what the Facial Action Coding System says of each feeling (Ekman, Friesen 1978)
and what a mouth does for each group of sounds. A name without a side is of both; `Left` and `Right` are the person's.
"""

from __future__ import annotations

Units = dict[str, float]

feelings: dict[str, Units] = {
    "neutral": {},
    "smile": {"mouthSmile": 0.6, "cheekSquint": 0.3, "mouthDimple": 0.1},
    "joy": {"mouthSmile": 0.9, "cheekSquint": 0.6, "eyeSquint": 0.3, "mouthUpperUp": 0.2, "mouthDimple": 0.2},
    "laughter": {
        "mouthSmile": 0.9, "cheekSquint": 0.8, "eyeSquint": 0.5, "jawOpen": 0.5, "mouthUpperUp": 0.4,
        "mouthLowerDown": 0.3,
    },
    "sadness": {"browInnerUp": 0.8, "mouthFrown": 0.7, "mouthShrugLower": 0.4, "eyeSquint": 0.15, "mouthPress": 0.2},
    "weeping": {
        "browInnerUp": 0.6, "browDown": 0.3, "mouthFrown": 0.8, "mouthStretch": 0.4, "eyeSquint": 0.7,
        "cheekSquint": 0.5, "jawOpen": 0.2, "mouthLowerDown": 0.4,
    },
    "anger": {"browDown": 0.9, "eyeSquint": 0.4, "mouthPress": 0.5, "noseSneer": 0.3, "mouthFrown": 0.2},
    "rage": {
        "browDown": 1.0, "eyeWide": 0.3, "noseSneer": 0.7, "mouthUpperUp": 0.6, "mouthLowerDown": 0.5, "jawOpen": 0.4,
        "mouthStretch": 0.3,
    },
    "fear": {"browInnerUp": 0.7, "browOuterUp": 0.5, "eyeWide": 0.8, "mouthStretch": 0.6, "jawOpen": 0.25},
    "surprise": {"browInnerUp": 0.8, "browOuterUp": 0.8, "eyeWide": 0.7, "jawOpen": 0.6, "mouthFunnel": 0.1},
    "disgust": {
        "noseSneer": 0.8, "mouthUpperUp": 0.6, "browDown": 0.4, "mouthShrugLower": 0.3, "eyeSquint": 0.4,
        "mouthFrown": 0.2,
    },
    "contempt": {"mouthSmileLeft": 0.5, "mouthDimpleLeft": 0.6, "mouthLeft": 0.2, "eyeSquint": 0.2},
    "smirk": {"mouthSmileLeft": 0.6, "mouthDimpleLeft": 0.3, "cheekSquintLeft": 0.3, "browOuterUpRight": 0.3},
    "doubt": {"browOuterUpLeft": 0.8, "browDownRight": 0.5, "mouthLeft": 0.3, "mouthPress": 0.3},
    "pain": {
        "browDown": 0.7, "eyeSquint": 0.8, "cheekSquint": 0.8, "mouthUpperUp": 0.5, "mouthStretch": 0.4,
        "noseSneer": 0.4, "jawOpen": 0.15,
    },
    "sleepy": {"eyeBlink": 0.6, "browInnerUp": 0.2, "browOuterUp": 0.2, "jawOpen": 0.06},
    "asleep": {"eyeBlink": 1.0, "jawOpen": 0.05},
    "yawn": {"jawOpen": 0.95, "eyeBlink": 0.6, "mouthStretch": 0.3, "browInnerUp": 0.4, "noseSneer": 0.2},
    "interest": {"browInnerUp": 0.4, "browOuterUp": 0.5, "eyeWide": 0.3},
    "concentration": {"browDown": 0.5, "eyeSquint": 0.3, "mouthPress": 0.4, "mouthRollLower": 0.3},
    "kiss": {"mouthPucker": 0.9, "mouthFunnel": 0.2, "eyeBlink": 0.3},
    "pout": {"mouthShrugLower": 0.8, "mouthFrown": 0.4, "browDown": 0.4, "mouthPucker": 0.3},
    "puffed": {"cheekPuff": 0.9, "mouthPress": 0.4, "mouthPucker": 0.2},
    "wink": {"eyeBlinkLeft": 1.0, "cheekSquintLeft": 0.5, "mouthSmileLeft": 0.5, "mouthSmileRight": 0.2},
    "shout": {"jawOpen": 0.9, "mouthLowerDown": 0.5, "mouthUpperUp": 0.4, "browDown": 0.4, "mouthStretch": 0.2},
    "chewing": {"jawOpen": 0.15, "jawLeft": 0.5, "mouthPress": 0.4, "mouthLeft": 0.2},
}  # fmt: skip

# By the sounds they stand for.
speech: dict[str, Units] = {
    "silent": {},
    "p b m": {"mouthPress": 0.6, "mouthRollLower": 0.3, "mouthRollUpper": 0.3},
    "f v": {"mouthRollLower": 0.6, "mouthUpperUp": 0.2, "jawOpen": 0.05},
    "th": {"jawOpen": 0.15, "mouthLowerDown": 0.2},
    "t d": {"jawOpen": 0.12, "mouthLowerDown": 0.25, "mouthUpperUp": 0.1},
    "k g": {"jawOpen": 0.18, "mouthLowerDown": 0.1},
    "ch sh": {"mouthFunnel": 0.6, "mouthShrugUpper": 0.2, "jawOpen": 0.08},
    "s z": {"mouthStretch": 0.3, "mouthLowerDown": 0.25, "mouthDimple": 0.1, "jawOpen": 0.03},
    "n l": {"jawOpen": 0.12, "mouthUpperUp": 0.1},
    "r": {"mouthFunnel": 0.35, "mouthPucker": 0.15, "jawOpen": 0.1},
    "ah": {"jawOpen": 0.45, "mouthLowerDown": 0.2, "mouthUpperUp": 0.1},
    "eh": {"jawOpen": 0.25, "mouthStretch": 0.25, "mouthSmile": 0.15},
    "ee": {"jawOpen": 0.1, "mouthSmile": 0.3, "mouthStretch": 0.3, "mouthLowerDown": 0.15},
    "oh": {"jawOpen": 0.3, "mouthFunnel": 0.5, "mouthPucker": 0.2},
    "oo": {"jawOpen": 0.12, "mouthPucker": 0.65, "mouthFunnel": 0.3},
}  # fmt: skip

# Which of MakeHuman's units (left ones, where there are two) move the bones that each of ours does.
makehuman: dict[str, tuple[str, ...]] = {
    "browDown": ("LeftBrowDown",), "browInnerUp": ("LeftInnerBrowUp", "RightInnerBrowUp"),
    "browOuterUp": ("LeftOuterBrowUp",), "cheekPuff": ("CheeksPump",), "cheekSquint": ("LeftCheekUp",),
    "eyeBlink": ("LeftUpperLidClosed",), "eyeSquint": ("LeftLowerLidUp",), "eyeWide": ("LeftUpperLidOpen",),
    "jawForward": ("ChinForward",), "jawLeft": ("ChinLeft",), "jawRight": ("ChinRight",), "jawOpen": ("JawDrop",),
    "mouthDimple": ("MouthLeftPullSide",), "mouthFrown": ("MouthLeftPullDown",),
    "mouthFunnel": ("UpperLipForward", "lowerLipForward"), "mouthLeft": ("MouthMoveLeft",),
    "mouthRight": ("MouthMoveRight",), "mouthLowerDown": ("lowerLipDown",),
    "mouthPress": ("lowerLipUp", "UpperLipBackward"), "mouthPucker": ("LipsKiss",),
    "mouthRollLower": ("lowerLipBackward",), "mouthRollUpper": ("UpperLipBackward",),
    "mouthShrugLower": ("lowerLipUp",), "mouthShrugUpper": ("UpperLipUp",),
    "mouthSmile": ("MouthLeftPullUp",), "mouthStretch": ("MouthLeftPlatysma",),
    "mouthUpperUp": ("UpperLipUp", "NasolabialDeepener"), "noseSneer": ("NoseWrinkler",),
}  # fmt: skip
