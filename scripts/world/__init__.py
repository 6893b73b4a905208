"""The rendered world: the open body in open poses, dressed, placed, lit and drawn in many styles, with labels."""
