"""Every word that the page asks for is in the one file of words, ready to be translated."""

import json
import re
from pathlib import Path

import pytest

from engine import caption_tokens, weights
from engine.skeleton import skeletons

modules = Path(__file__).parent.parent / "assets" / "studio"
words = json.loads((modules / "words.json").read_text("utf-8"))
sources = {path.name: path.read_text("utf-8") for path in sorted(modules.glob("*.js"))}
# What a module calls its own part of the words: `this.words = studio.words.pose` and the like.
own = re.compile(r"words = (?:this\.)?(?:studio\.)?words((?:\.\w+)*)[;,]")
asked = re.compile(r"(?<![\w.])(?:(?:this\.)?studio\.)?(?:this\.)?words((?:\.[a-z]\w*)+)")
ways = {"length", "map", "join"}  # what arrays and strings have of their own


def found(path: str, start: object) -> bool:
    """Whether the words lead along this path; it may end in a method of what is there."""
    here = start
    for name in path.strip(".").split("."):
        if isinstance(here, dict) and name in here:
            here = here[name]
        else:
            return not isinstance(here, dict) and name in ways
    return True


@pytest.mark.parametrize("name", sources)
def test_every_word_asked_for_exists(name):
    text = sources[name]
    roots = [words, *(at(path) for path in own.findall(text) if path)]
    given = {"groupName", "jointName", "toLowerCase"}  # the studio adds two functions; a search text is called so too
    for path in asked.findall(text):
        if path.strip(".").split(".")[0] not in given:
            assert any(found(path, root) for root in roots), f"{name} asks for words{path}"


def at(path: str) -> object:
    here = words
    for part in path.strip(".").split("."):
        here = here[part]
    return here


def test_commands_have_names():
    names = re.findall(r'^    \["(\w+)", \[', sources["commands.js"], re.MULTILINE)
    assert len(names) > 20
    assert not set(names) - words["commands"].keys()


def test_skeletons_have_names():
    assert not skeletons.keys() - words["skeletons"].keys()


def test_groups_of_skeletons_have_names():
    groups = {name for skeleton in skeletons.values() for name, _ in skeleton.groups}
    assert not groups - words["groups"].keys()


def test_icons_asked_for_are_drawn():
    drawn = set(re.findall(r'^  (\w+): "M', sources["dom.js"], re.MULTILINE)) | set(
        re.findall(r'^  (\w+): "m', sources["dom.js"], re.MULTILINE)
    )
    used = {name for text in sources.values() for name in re.findall(r'(?<![\w.])(?:button|icon)\("(\w+)"', text)}
    assert not used - drawn


def test_no_word_is_empty():
    def leaves(value):
        if isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                yield from leaves(one)
        else:
            yield value

    assert all(isinstance(word, str) and word.strip() for word in leaves(words))


def test_every_word_is_asked_for():
    """No words without a place on the page; tables that are looked up by a name at hand are left out."""
    tables = {"states", "stepNames", "commands", "groups", "skeletons", "jointWords", "gestures", "tabs"}
    tables |= {"viewNames", "partsOf", "rings", "sections", "lights", "layers", "shapeNames", "faceNames"}
    tables |= {"faceRegions", "sideNames", "formats", "formatNotes", "bodyGestures"}
    tables |= {"modelNames", "pointsOf", "precisions", "protocols", "detectors", "partNames", "mends"}
    tables |= {"styleNames", "styleWords", "sizeNames", "encodings", "fits", "kinds"}
    python = "\n".join(path.read_text("utf-8") for path in (modules.parent.parent / "app").glob("*.py"))
    text = "\n".join(sources.values()) + python

    def leaves(here: object, name: str) -> set[str]:
        if not isinstance(here, dict):
            return {name}
        return {leaf for key, value in here.items() if key not in tables for leaf in leaves(value, key)}

    unused = {leaf for leaf in leaves(words, "") if not re.search(rf'\.{leaf}\b|"{leaf}"', text)}
    assert not unused


def test_a_small_painters_own_styles_are_words_it_knows():
    for name, own in words["painting"]["vocabularies"].items():
        tokenizer = caption_tokens.read(weights.require(name, None) / "tokenizer")
        assert own["styleNames"].keys() == own["styleWords"].keys()
        for said in (own["promptHint"], *own["styleWords"].values()):
            assert caption_tokens.strange(said, tokenizer) == (), said
