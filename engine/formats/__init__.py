"""The kinds of file a pose comes in, one module each, and the checks at their door; `engine.files` lists them all."""
