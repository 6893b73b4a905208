"""What figures of the rendered world wear and hold: cloth cut out of their own skin, skirts and cloaks that hang, hair,
hats, and things in their hands."""

from scripts.world.wear.dressing import Posed, dressed
from scripts.world.wear.scenery import scenery

__all__ = ["Posed", "dressed", "scenery"]
