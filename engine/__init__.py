"""The engine of Contrapposto: from a drawing to its pose, and on to a body and a picture.

Layers, importing downwards only (tests/test_layers.py keeps it):

- words: skeleton, box, pose, camera, scene, measure. What an artist would name; numpy only.
- instruments: photo, draw, pose_map, formats, weights, detect. One skill each.
- stages: estimate. The verbs, from value to value.
- studio, project: what owns models and files.

Nothing here prints, reads argv, or works at import.
"""
