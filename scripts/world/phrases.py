"""The words of captions: how figures, dress, places, lights, styles and views may be called."""

from __future__ import annotations

Ways = dict[str, tuple[str, ...]]

who_words: dict[tuple[str, str], str] = {
    ("child", "man"): "boy", ("child", "woman"): "girl", ("child", "person"): "child",
    ("young", "man"): "young man", ("young", "woman"): "young woman", ("young", "person"): "young person",
    ("adult", "man"): "man", ("adult", "woman"): "woman", ("adult", "person"): "person",
    ("old", "man"): "old man", ("old", "woman"): "old woman", ("old", "person"): "old person",
}  # fmt: skip
stance_words: Ways = {
    "standing": ("standing",), "sitting": ("sitting", "seated"), "kneeling": ("kneeling",), "lying": ("lying",),
    "jumping": ("jumping",), "walking": ("walking",), "bending": ("bending", "bending over"), "": ("",),
}  # fmt: skip
hair_words: dict[str, str] = {
    "bald": "bald head", "short": "short {color} hair", "bob": "{color} bob", "long": "long {color} hair",
    "bun": "{color} hair in a bun", "ponytail": "{color} ponytail", "spiky": "spiky {color} hair",
    "afro": "{color} afro", "plait": "{color} plait",
}  # fmt: skip
# What a region of a dress is called where its own name does not say it.
dress_words: dict[tuple[str, str], str] = {
    ("t-shirt and shorts", "shirt"): "t-shirt", ("swimsuit", "shorts"): "swimsuit",
}  # fmt: skip
# Which region has the stripes or dots; armour and robes show them too little to speak of.
patterned: dict[str, str] = {
    "suit": "suit", "shirt and trousers": "shirt", "t-shirt and shorts": "shirt", "top and skirt": "top",
    "dress": "dress", "cloak": "shirt", "leotard": "leotard", "bodysuit": "bodysuit", "swimsuit": "shorts",
}  # fmt: skip

# Where people are, the safest way first, and the place itself.
places_where: Ways = {
    "mountains": ("in the mountains", "before mountains", "with mountains behind"),
    "forest": ("in a forest", "in the woods", "among trees"),
    "desert": ("in a desert", "in the desert"),
    "meadow": ("in a meadow", "on a meadow", "in a green field"),
    "snow": ("in the snow", "in a snowy field", "on snow"),
    "garden": ("in a garden", "in a garden with hedges"),
    "sea": ("on a beach", "by the sea", "before the sea"),
    "harbour": ("in a harbour", "at a harbour", "before a harbour with boats"),
    "clouds": ("in the clouds", "above the clouds"),
    "night sky": ("under a night sky", "under the stars", "before a night sky"),
    "cave": ("in a cave",),
    "city": ("in a city", "before a city", "with towers behind"),
    "street": ("in a street", "on a street"),
    "temple": ("in a temple", "among columns", "in a temple with columns"),
    "room": ("in a room", "indoors"),
    "stage": ("on a stage", "on a stage with curtains"),
    "studio": ("in a studio", "before a studio backdrop"),
    "plain paper": ("on plain paper", "on paper", "on a plain ground"),
    "gradient": ("on a gradient", "before a gradient"),
    "stripes": ("on a striped ground", "before stripes"),
    "checks": ("on a checked ground", "before checks"),
    "dots": ("on a dotted ground", "before dots"),
    "photo": ("before a photo", "on a photo"),
}
place_noun: dict[str, str] = {
    "mountains": "mountains", "forest": "a forest", "desert": "a desert", "meadow": "a meadow", "snow": "snow",
    "garden": "a garden", "sea": "the sea", "harbour": "a harbour", "clouds": "clouds", "night sky": "a night sky",
    "cave": "a cave", "city": "a city", "street": "a street", "temple": "a temple", "room": "a room",
    "stage": "a stage", "studio": "a studio", "plain paper": "plain paper", "gradient": "a gradient",
    "stripes": "stripes",
    "checks": "checks", "dots": "dots", "photo": "a photo",
}  # fmt: skip

light_after: Ways = {
    "studio": ("in studio light", "under studio light"), "soft": ("in soft light",),
    "rim": ("in rim light", "lit from behind"), "top": ("in light from above", "lit from above"),
    "split": ("in light from the side", "lit from the side"), "window": ("in window light",),
    "sunset": ("at sunset", "in sunset light", "in the evening sun"),
    "moon": ("by moonlight", "in moonlight"), "flat": ("in flat light", "in even light"),
}  # fmt: skip
light_noun: Ways = {
    "studio": ("studio light",), "soft": ("soft light",), "rim": ("rim light",),
    "top": ("light from above", "top light"),
    "split": ("light from the side", "split light"), "window": ("window light",),
    "sunset": ("sunset light", "sunset", "evening light"), "moon": ("moonlight",), "flat": ("flat light", "even light"),
}  # fmt: skip

style_noun: Ways = {
    "render": ("a render", "a 3d render"),
    "clay": ("a clay model", "a clay sculpture"),
    "cel": ("a cel drawing", "a cartoon", "a comic drawing"),
    "pencil": ("a pencil drawing", "a pencil sketch"),
    "ink wash": ("an ink wash", "an ink wash painting"),
    "watercolour": ("a watercolour", "a watercolour painting", "a watercolor"),
    "oil": ("an oil painting", "an oil painting on canvas"),
    "poster": ("a poster", "a flat poster"),
    "pixel": ("pixel art", "a pixel art picture"),
    "engraving": ("an engraving", "an old engraving"),
    "blueprint": ("a blueprint", "a blueprint drawing"),
    "stained glass": ("a stained glass window", "stained glass"),
    "low poly": ("a low poly render", "low poly art"),
}
style_in: Ways = {
    "render": ("rendered", "3d render"),
    "clay": ("made of clay", "clay style"),
    "cel": ("cel shaded", "drawn as a cartoon", "comic style"),
    "pencil": ("drawn in pencil", "pencil style"),
    "ink wash": ("painted in ink", "ink wash style"),
    "watercolour": ("painted in watercolour", "watercolour style"),
    "oil": ("painted in oil", "oil style"),
    "poster": ("poster style", "printed as a poster"),
    "pixel": ("pixel art style", "drawn in pixels"),
    "engraving": ("engraved", "engraving style"),
    "blueprint": ("drawn as a blueprint", "blueprint style"),
    "stained glass": ("stained glass style", "made of stained glass"),
    "low poly": ("low poly style", "made of low poly shapes"),
}

angle_words: Ways = {
    "low angle": ("low angle", "seen from below", "from a low angle"), "eye level": ("eye level",),
    "high angle": ("high angle", "seen from above", "from a high angle"),
}  # fmt: skip
framing_words: Ways = {
    "full": ("full figure", "full body"), "half": ("half figure", "from the waist up"),
    "close": ("close-up", "close view"),
}  # fmt: skip
