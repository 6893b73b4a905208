"""The engine of Contrapposto: from a drawing to its pose, and on to a body and a picture.

Layers, importing downwards only (tests/test_layers.py keeps it):

- words: anatomy, skeleton, box, pose, camera, scene, measure, estimator. What an artist would name; numpy only.
- networks: what the papers draw; torch and diffusers, nothing else of the engine.
- instruments: one skill each. Pictures: photo, paper, draw, pose_map, heatmap, video, stylize, mannequin, library.
  Models: weights and what finds and fetches them, tensors, detect, movenet, sdpose, vitpose, rtdetr, forecast.
- stages: estimate, and evaluate, which measures it. The verbs, from value to value.
- files: formats, project, files (the table of all kinds). What a scene is written to and read from.
- many at once: batch, sequence; and what networks learn from: data, augment, training.
- studio: what owns the models, and loading, which brings them into memory.

Nothing here prints, reads argv, or works at import.
"""
