"""The workshop in which `scripts/build_body.py` makes the open body out of MakeHuman's CC0 data.

Nothing here runs in the studio. Reading order: sources → macro → mesh → joints → skinweights → tpose → body → shapes →
expressions → regressor → correctives → hands → landmarks → colors → clothes → file.
"""
