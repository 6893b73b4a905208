"""What is imported on first use is imported by whichever thread comes first, and the others do not suffer for it."""

import subprocess
import sys
from pathlib import Path

root = Path(__file__).parent.parent
library = root / "assets" / "library" / "poses.json"
script = """
import sys, threading
from pathlib import Path

sys.path.insert(0, {root!r})
import torch
from engine import clip_words, libraries
from engine.estimate import Options
from engine.library import read_library
from engine.pose import Pose2D
from engine.scene import PaintRequest
from engine.studio import Studio

studio, failures = Studio(), []
asked = PaintRequest(model="sd-mini", prompt="a woman", size=(64, 64), steps=1)
entry = read_library(Path({library!r}))[0]
pose = Pose2D(entry.size, (entry.person,))

def run(work):
    try:
        work()
    except Exception as error:
        failures.append(error)

works = [
    clip_words.tokenizer,
    lambda: studio.forecast("sdpose-mini", Options(), 1),
    lambda: studio.estimator("sdpose-mini"),
    lambda: studio.painter(asked, pose),
    lambda: studio.paint(asked, pose),
]
threads = [threading.Thread(target=run, args=(work,)) for work in works]
with libraries.importing():
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(1)  # time enough to begin, if it does not wait
        assert thread.is_alive(), "a thread did its work without waiting for another that imports"
    begun = {{name for name in sys.modules if name.startswith("diffusers")}}
    assert not begun, f"imported while another thread imports: {{sorted(begun)}}"
for thread in threads:
    thread.join()
assert not failures, failures
"""


def test_threads_import_diffusers_and_transformers_one_after_the_other():
    told = script.format(root=str(root), library=str(library))
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True)
    assert not done.returncode, done.stderr
