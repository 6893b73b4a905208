"""The engine of Contrapposto: from a drawing to its pose, and on to a body and a picture.

Layers, importing downwards only (tests/test_layers.py keeps it):

- words: anatomy, skeleton, box, pose, camera, scene, measure. What an artist would name; numpy only.
- instruments: photo, paper, draw, pose_map, mannequin, library, weights, detect, movenet. One skill each.
- stages: estimate, and evaluate, which measures it. The verbs, from value to value.
- files: formats, project, files (the table of all kinds). What a scene is written to and read from.
- studio: what owns the models.

Nothing here prints, reads argv, or works at import.
"""
