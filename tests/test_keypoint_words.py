"""The joints in words: which tokens, how prompts name them, and how a text encoder comes to know them."""

import pytest
import torch

from engine.clip_words import entries, tokenizer
from engine.keypoint_words import ap10k, humanart, kind_of, phrase, table_of, visible_words, with_words
from engine.keypoint_words_loading import with_learned_words
from engine.paint_builder import build_base
from engine.pose import Person, Pose2D
from engine.skeleton import ap10k17, coco17, hand21, openpose18, skeletons, wholebody133

three = ("<left-eye>", "<right-eye>", "<nose>")


@pytest.fixture(scope="module")
def base():
    return build_base("tiny")


def figure(skeleton, missing=(), hidden=()):
    states = ["missing" if j in missing else "hidden" if j in hidden else "visible" for j in skeleton.joints]
    n = len(skeleton)
    return Person(skeleton, torch.rand(n, 2).numpy() * 90, torch.ones(n).numpy(), tuple(states))


def posed(*people):
    return Pose2D((100, 100), people)


# ── the tables ──


@pytest.mark.parametrize(("table", "skeleton"), [(humanart, coco17), (ap10k, ap10k17)])
def test_a_table_names_its_skeleton_s_joints_in_order(table, skeleton):
    assert tuple(word.joint for word in table) == skeleton.joints
    assert len({word.token for word in table}) == 17


@pytest.mark.parametrize(
    ("joint", "token", "initial"),
    [("left_eye", "<left-eye>", "eye"), ("root_of_tail", "<root-of-tail>", "tail"), ("neck", "<neck>", "neck"),
     ("right_front_paw", "<right-front-paw>", "paw")],
)  # fmt: skip
def test_a_word_is_a_joint_s_name(joint, token, initial):
    assert [(word.token, word.initial) for word in ap10k if word.joint == joint] == [(token, initial)]


def test_each_begins_with_one_ordinary_word():
    known = tokenizer()
    assert all(len(known.encode(word.initial, add_special_tokens=False)) == 1 for word in (*humanart, *ap10k))


def test_whose_words_they_are_is_told_by_all_of_them():
    assert kind_of(word.token for word in reversed(humanart)) == "human"
    assert kind_of(word.token for word in ap10k) == "animal"
    assert kind_of(word.token for word in ap10k[:-1]) is None
    assert kind_of([*(word.token for word in ap10k), "<tail>"]) is None


# ── what a pose says ──


@pytest.mark.parametrize("skeleton", [coco17, openpose18, wholebody133])
def test_every_human_skeleton_is_said_in_the_same_words(skeleton):
    assert visible_words(posed(figure(skeleton)), "human") == tuple(word.token for word in humanart)


def test_hidden_joints_are_said_and_missing_ones_are_not():
    said = visible_words(posed(figure(coco17, missing=("nose", "left_hip"), hidden=("left_eye",))), "human")
    assert said == tuple(word.token for word in humanart if word.joint not in ("nose", "left_hip"))


def test_a_joint_of_any_figure_is_said_once():
    one, other = figure(coco17, missing=coco17.joints[1:]), figure(coco17, missing=coco17.joints[:-1])
    assert visible_words(posed(other, one), "human") == ("<nose>", "<right-ankle>")


def test_silent_joints_are_left_out():
    said = visible_words(posed(figure(ap10k17)), "animal", silent=("nose", "neck", "nobody_s"))
    assert {"<nose>", "<neck>"}.isdisjoint(said)
    assert len(said) == 15


@pytest.mark.parametrize(("skeleton", "kind"), [("ap10k17", "human"), ("coco17", "animal"), ("hand21", "human")])
def test_figures_of_another_kind_say_nothing(skeleton, kind):
    assert visible_words(posed(figure(skeletons[skeleton])), kind) == ()


def test_a_lone_hand_beside_a_figure_adds_nothing():
    pose = posed(figure(hand21), figure(coco17, missing=("nose",)))
    assert visible_words(pose, "human") == tuple(word.token for word in humanart[1:])


# ── prompts ──


def test_a_phrase_is_wrapped_once_more():
    assert phrase(three) == "<<left-eye>, <right-eye>, <nose>>"
    assert phrase(three, wrapped=False) == "<left-eye>, <right-eye>, <nose>"
    assert phrase(()) == phrase((), wrapped=False) == ""


@pytest.mark.parametrize(
    ("prompt", "kind", "expected"),
    [
        ("a tiger in the wild", "animal", "a tiger in the wild <<nose>>"),
        ("a girl in red", "human", "a girl in red. <<nose>>"),
        ("a girl in red.", "human", "a girl in red. <<nose>>"),
        ("a girl in red!  ", "human", "a girl in red! <<nose>>"),
        ("a girl, ", "human", "a girl. <<nose>>"),
        ("", "human", "<<nose>>"),
        ("  ", "animal", "<<nose>>"),
        ("a photo of tiger<KPT> in the grass", "animal", "a photo of tiger <<nose>> in the grass"),
        ("a photo of tiger <KPT> in the grass", "animal", "a photo of tiger <<nose>> in the grass"),
        ("a dancer <KPT>, oil on canvas", "human", "a dancer <<nose>>, oil on canvas"),
        ("<KPT> a dancer", "human", "<<nose>> a dancer"),
        ("one <KPT> and two <KPT> more", "human", "one <<nose>> and two more"),
    ],
)
def test_where_joints_are_named(prompt, kind, expected):
    assert with_words(prompt, ("<nose>",), kind) == expected


@pytest.mark.parametrize("kind", ["human", "animal"])
def test_without_joints_the_prompt_stays_but_for_the_slot(kind):
    assert with_words("a girl in red ", (), kind) == "a girl in red "
    assert with_words("a tiger <KPT> in the grass", (), kind) == "a tiger in the grass"


def test_backslashes_are_no_pattern():
    assert with_words(r"a \1 tiger <KPT> \g<0>", ("<nose>",), "animal") == r"a \1 tiger <<nose>> \g<0>"


# ── the tokenizer and the text encoder ──


def test_the_tokenizer_is_clip_s():
    known = tokenizer()
    assert len(known) == entries == 49408
    assert known("A photo of a Tiger, 12 naïve ones").input_ids == [
        49406, 320, 1125, 539, 320, 6531, 267, 272, 273, 1097, 35689, 563, 1575, 49407,
    ]  # fmt: skip
    assert known("a", padding="max_length").input_ids[:4] == [49406, 320, 49407, 49407]
    assert tokenizer("!")("a", padding="max_length").input_ids[:4] == [49406, 320, 49407, 0]
    assert len(known("a", padding="max_length").input_ids) == 77


def vectors(kind, width=32):
    return {word.token: torch.randn(width) for word in table_of(kind)}


def encoded(parts, text):
    ids = parts["tokenizer"](text, padding="max_length", return_tensors="pt").input_ids
    with torch.no_grad():
        return parts["text_encoder"](ids)[0]


@pytest.mark.parametrize("kind", ["human", "animal"])
def test_learned_words_get_the_published_ids_and_their_vectors(base, kind):
    words = vectors(kind)
    parts = with_learned_words(base.parts, words)
    ids = parts["tokenizer"](phrase(words, wrapped=False).replace(",", "")).input_ids[1:-1]
    assert ids == list(range(49408, 49425))
    table = parts["text_encoder"].get_input_embeddings().weight
    assert torch.equal(table[49408:], torch.stack(list(words.values())))
    assert torch.equal(table[:49408], base.parts["text_encoder"].get_input_embeddings().weight)


def test_the_base_s_own_text_stays_as_it_was(base):
    before = encoded(base.parts, "a girl. <<nose>>")
    known = with_learned_words(base.parts, vectors("human"))
    assert len(base.parts["tokenizer"]) == entries
    assert torch.equal(encoded(base.parts, "a girl. <<nose>>"), before)
    assert torch.equal(encoded(known, "a girl in red"), encoded(base.parts, "a girl in red"))
    assert not torch.equal(encoded(known, "a girl. <<nose>>"), before)
    assert known["unet"] is base.parts["unet"]


def test_nothing_but_the_vocabulary_is_copied(base):
    known = with_learned_words(base.parts, vectors("human"))
    own = dict(known["text_encoder"].named_parameters())
    apart = [name for name, value in base.parts["text_encoder"].named_parameters() if value is not own[name]]
    assert len(apart) == 1
    assert apart[0].endswith("token_embedding.weight")


def test_words_may_be_given_anew(base):
    humans, animals = vectors("human"), vectors("animal")
    once = with_learned_words(base.parts, humans)
    assert torch.equal(encoded(with_learned_words(once, humans), "<nose>"), encoded(once, "<nose>"))
    both = with_learned_words(once, animals)
    assert len(both["tokenizer"]) == entries + len(humans.keys() | animals.keys())
    assert torch.equal(encoded(both, "<left-ear>"), encoded(once, "<left-ear>"))
    row = both["tokenizer"].convert_tokens_to_ids("<nose>")
    assert torch.equal(both["text_encoder"].get_input_embeddings().weight[row], animals["<nose>"])


def test_without_words_the_parts_are_the_base_s(base):
    assert with_learned_words(base.parts, {}) == dict(base.parts)


def test_words_of_another_model_are_refused(base):
    with pytest.raises(ValueError, match=r"expected words of 32 numbers.*got \(768,\): they were learned with another"):
        with_learned_words(base.parts, vectors("human", 768))
