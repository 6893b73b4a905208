"""What people wrote about the figures: kept apart from them, so that the page can be made anew."""

from __future__ import annotations

opening = (
    "DPoser-X (arXiv 2508.00599) learned from AMASS and other research captures; this project's `dposer-open` learned"
    " the same way from motion and hands that anyone may use: half as wide a network, under a hundredth of the poses,"
    " and half an hour of one processor core in place of days on four GPUs. This page shows the paper's tables for"
    " it, on held-out clips of the open data and on captured poses that it never saw, and says where it falls short."
)
# Under a report's title: file in docs/ and caption.
pictures: dict[str, tuple[tuple[str, str], ...]] = {
    "Generation (tables T1, S-8, S-11, T6)": (
        ("dposer-samples.webp", "Twenty bodies drawn from noise in 1,000 steps, none chosen."),
    ),
    "Completion (table S-5)": (
        ("dposer-completions.webp", "Held-out poses with a part hidden, and what the prior puts there."),
    ),
    "Motion denoising (tables T3, S-6)": (
        ("dposer-motion.webp", "A held-out clip whose joints are off by 100 mm, cleaned without a prior and with it."),
    ),
    "Hand inverse kinematics (table T4)": (
        ("dposer-hands.webp", "Held-out hands from 8 of 21 points, without a prior and with it."),
    ),
    "2D fitting (table T2)": (
        ("dposer-fits.webp", "Held-out poses from 25 points of a picture: front views agree, side views tell."),
    ),
}
# Under a report's title: what its figures mean, and why they differ from the paper's.
remarks: dict[str, str] = {
    "Completion (table S-5)": (
        "The expected 30 % below the VAE is refuted. The yardstick is stronger than the paper's: a VAE that is asked"
        " for the likeliest latent numbers, each answer from a start of its own, is far ahead of the released way of"
        " asking it (“on the pose”), which the prior beats by a quarter. Against the latent VAE the prior is ahead on"
        " held-out clips and on one leg and the arms of captured poses, and behind on both legs and the torso there."
        " The reason is the data. Captured bodies bend the lowest joint of the spine by .33 rad on the mean, the open"
        " clips, carried over from skeletons with rigid or fewer spine joints, by .08; their elbows bend about an axis"
        " that lies 13° from the captured one; and they are dance, sport and martial arts, few of them standing or"
        " sitting. The diffusion follows its data's narrow spine closely (even the mean pose does as well there); the"
        " VAE's 32 latent numbers cannot, which here is a virtue. All spread their answers wider than the paper's"
        " DPoser, so that means are higher than the minima suggest."
    ),
    "Motion denoising (tables T3, S-6)": (
        "At 20 and 40 mm the term of smoothness does nearly everything: sixty frames of calm gestures leave a prior"
        " little to add, and the baselines are best when hardly heard. At 100 mm the prior takes a fifth to a quarter"
        " off what no prior leaves, and no baseline takes anything. Three times the paper's weight, “tuned”, helps on"
        " held-out clips and harms on captured ones, whose poses it does not know. Errors are smaller than the paper's"
        " because smoothness is that of joints, and the pieces are slower than HumanEva's mean."
    ),
    "Hand inverse kinematics (table T4)": (
        "The prior meets visible points most exactly and is far below the VAE, as expected, and level with a Gaussian"
        " mixture, which the paper does not measure: eight Gaussians describe a hand's 45 numbers about as well as the"
        " network does from 17,000 poses, most of them of one sign language. The gap to the paper's 3.2 mm is the gap"
        " between these and 1.7 million captured hands; and captured hands lie flatter than most of the open ones."
    ),
    "Noisy hands (table S-10)": (
        "Below no prior, L2 and the VAE throughout; the mixture is a little better where noise is strong. The VAE's"
        " penalty, the length of a latent mean, pulls towards its mean hand, which noise of a few millimetres does not"
        " justify: it does best when switched off."
    ),
    "2D fitting (table T2)": (
        "From a body that is somewhat off, the prior takes 20 % off what no prior leaves at the published weight, and"
        " 45 % at the weight that open held-out poses choose. From scratch it gains"
        " less: the published search starts standing and frontal, one picture does not tell a limb in front of the body"
        " from one behind it, and where the search enters the wrong one the prior agrees with either. The expected 20 %"
        " from scratch holds on held-out poses at the tuned weight, not on captured ones."
    ),
    "Schedules (table T9)": (
        "On this prior no schedule wins everywhere. Truncated times are best for joints in denoising and on a par in"
        " fitting captured poses; a fixed time does as well, and in fitting held-out poses from scratch large times"
        " help, because they move a body out of the wrong pose. Random times, best of none, are the worst for"
        " denoising, as in the paper."
    ),
    "Face inverse kinematics (table S-13)": (
        "With ten expressions, sixteen shapes and 73 exact points the face is nearly determined: no prior is best where"
        " noise is small or half the face is hidden and the other half exact. A prior earns its place at 5 mm, where it"
        " takes a third off, about as L2 does. Open faces are random mixtures of named movements, not recorded people:"
        " their distribution is close to a normal one, which is what L2 is."
    ),
    "Generation (tables T1, S-8, S-11, T6)": (
        "Bodies drawn in 1,000 steps are as various as people's and reach three quarters of the reference, with a"
        " Fréchet distance near the paper's; but one in three only is as near to a real pose as real poses are to each"
        " other (.30 against the paper's .72), a sign of a network that has not seen its data often enough: what it"
        " leaves is noise of some degrees in every joint. Ten steps show the other end, tame poses near the mean. Held"
        " out clips themselves reach .73 and .09: other people dance other dances. Hands and faces are drawn worse"
        " than bodies, faces badly: their network of 256 numbers spends most of itself on 90 expressions that this body"
        " does not have, and is not to be used for drawing faces. Of whole bodies the parts' networks side by side"
        " are the worst in Fréchet distance, as in the paper;"
        " mixed is the best here, fused there."
        " Against captured poses nothing comes near: that is the distance between the data sets, and it is the gap"
        " behind most other gaps on this page."
    ),
    "Whole-body completion (table T7)": (
        "Mixed and fused are ahead of base, as in the paper, but by a percent or two where the paper finds up to"
        " a quarter. Open data have few clips in which a body and its fingers were recorded together; most of its whole"
        " bodies are pairings of bodies and hands that never met, from which nothing can be learned of what a hand does"
        " while the body does something else: the fusion learns what there is, mostly of the wrist. Counted from the"
        " wrist all are near each other: a hand's own prior says what can be said."
    ),
}
