"""The published rows (arXiv 2508.00599, tables of the text and the supplement), each with the columns of our tables.

They were measured with SMPL-X, MANO and FLAME on research captures, ours on the open body: only their order compares.
"""

from __future__ import annotations

from scripts.evaluation.tables import Figures, Row


def _rows(text: str) -> tuple[Row, ...]:
    """Rows of `name: cell | cell | …`, figures of a cell by commas, nothing for a dash."""
    rows = []
    for line in text.strip().splitlines():
        name, cells = line.split(":")
        rows.append(Row(name.strip(), tuple(_cell(cell) for cell in cells.split("|"))))
    return tuple(rows)


def _cell(text: str) -> Figures | None:
    return None if text.strip() == "–" else tuple(float(number) for number in text.split(","))


# T1: APD cm, FID, precision, recall, dNN rad
generation = {
    "body": _rows("""
        real poses: 15.44 | .005 | .86 | .90 | .001
        GMM: 16.28 | 1.02 | .13 | .34 | 4.37
        VPoser: 10.75 | .66 | .29 | .42 | 3.74
        DPoser: 14.28 | .07 | .72 | .80 | 2.63
        DPoser, 10 DDIM steps: 19.03 | .58 | .10 | .95 | 2.95"""),
    # S-8
    "hand": _rows("""
        VPoser: 1.99 | .21 | .68 | .65 | 1.85
        DPoser: 2.36 | .01 | .82 | .87 | 1.45"""),
    # S-11, expressions
    "face": _rows("""
        VPoser: – | .888 | .993 | .019 | .79
        DPoser: – | .156 | .818 | .697 | 1.01"""),
    # T6: APD of the body
    "wholebody": _rows("""
        VPoser-X: 7.79 | 14.52 | .64 | .07 | –
        base: 14.45 | 90.78 | 0 | 0 | –
        fused: 11.78 | 3.71 | .32 | .77 | –
        mixed: 14.08 | 13.97 | .02 | .81 | –"""),
}
# S-5, ten hypotheses: min, mean, deviation of MPVPE in mm (APD in cm)
completion = _rows("""
    DPoser: 38.79,78.31,27.13,6.53|63.65,102.46,25.39,7.75|64.72,104.94,26.44,5.69|22.63,44.60,14.65,2.21
    CVPoser: 113.48,128.04,10.36,1.91|121.00,134.35,10.17,2.43|153.12,162.82,5.58,1.08|45.16,51.23,4.32,.57
    VPoser: 182.31,200.51,12.20,2.41|195.76,221.34,16.40,5.44|186.55,206.72,12.91,4.08|47.31,58.71,7.38,1.56
""")
# S-18, ten hypotheses: min, mean, deviation of MPJPE in mm
solvers = _rows("""
    ScoreSDE: 48.73, 106.32, 41.30 | 74.68, 128.32, 37.27 | 66.89, 127.86, 48.15 | 16.69, 34.54, 12.21
    DPS: 40.51, 104.32, 54.57 | 64.26, 113.46, 33.71 | 60.63, 119.85, 42.78 | 15.10, 33.90, 13.27
    MCG: 49.04, 106.37, 41.07 | 74.90, 128.53, 37.40 | 66.17, 127.72, 48.15 | 16.69, 34.66, 12.23
    DPoser: 35.37, 74.01, 26.47 | 59.25, 96.77, 24.55 | 51.27, 81.76, 20.04 | 13.95, 28.57, 9.85
""")
# T7, one hand, BEAT2: min, mean, deviation of MPVPE in mm (APD in cm)
whole_completion = _rows("""
    VPoser-X: 27.49, 35.46, 5.06, .66
    base: 21.98, 33.41, 8.20, 1.37
    fused: 15.51, 24.58, 6.25, 1.12
    mixed: 15.92, 25.89, 6.04, 1.18
""")
# T3 and S-6, AMASS: MPJPE mm at 20, 40, 100 mm of noise
denoising = _rows("""
    none: 15.33 | 24.19 | 51.48
    VPoser: 15.20 | 23.42 | 49.10
    DPoser: 13.64 | 19.87 | 33.18
""")
# T4: visible, hidden, all MPJPE; MPVPE, mm
hand_sparse = _rows("""
    none: .07 | 14.46 | 8.98 | 10.07
    L2: .84 | 13.84 | 8.89 | 8.94
    VPoser: .37 | 13.10 | 8.25 | 8.84
    DPoser: .06 | 5.15 | 3.21 | 3.43
""")
hand_fingertips = _rows("""
    none: .13 | 4.00 | 2.89 | 4.59
    L2: 1.02 | 3.58 | 2.85 | 3.15
    VPoser: .48 | 4.35 | 3.25 | 3.93
    DPoser: .07 | 2.40 | 1.74 | 1.99
""")
# S-10: MPVPE, MPJPE mm at 2, 5, 10 mm of noise
hand_noise = _rows("""
    none: 3.95, 1.50 | 5.82, 3.46 | 8.62, 5.97
    L2: 2.10, 1.43 | 4.06, 2.92 | 6.06, 4.27
    VPoser: 2.47, 1.36 | 4.15, 2.85 | 6.32, 4.40
    DPoser: 1.71, 1.17 | 3.30, 2.39 | 5.39, 3.87
""")
# T9: fitting (all, mm), denoising (MPVPE, MPJPE mm)
schedules = _rows("""
    random: 62.28 | 43.33, 23.87
    fixed: 61.69 | 45.69, 22.54
    uniform: 62.13 | 39.72, 20.80
    truncated: 60.98 | 38.21, 19.87
""")
# T2, EHF: PA-MPJPE mm from scratch, from CLIFF's body
fitting = _rows("""
    before: 108.57 | 56.62
    GMM: 58.32 | 51.02
    VPoser: 58.08 | 49.39
    DPoser: 56.05 | 49.05
""")
# S-13: MPVPE, MPJPE mm at 1, 2, 5 mm of noise, and with half the face hidden
face = _rows("""
    none: 1.460, .878 | 2.230, 1.702 | 4.701, 4.028 | .752, .632
    L2: 1.121, .865 | 1.626, 1.288 | 2.570, 2.344 | .698, .512
    VPoser: 1.153, .803 | 1.688, 1.480 | 2.716, 2.688 | .671, .361
    DPoser: .784, .584 | 1.098, .963 | 1.902, 1.936 | .427, .228
""")
