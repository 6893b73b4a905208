"""What is imported on first use is imported by whichever thread comes first, and the others do not suffer for it."""

import subprocess
import sys
from pathlib import Path

root = Path(__file__).parent.parent
script = """
import sys, threading, time

sys.path.insert(0, {root!r})
from engine import clip_words
from engine.estimate import Options
from engine.studio import Studio

studio, failures = Studio(), []

def run(work):
    try:
        work()
    except Exception as error:
        failures.append(error)

def tells():
    while "transformers.modeling_utils" not in sys.modules:  # a forecast is in the middle of it
        time.sleep(0.01)
    clip_words.tokenizer()

works = [
    lambda: studio.forecast("sdpose-mini", Options(), 1), tells, lambda: studio.estimator("sdpose-mini"),
    lambda: studio._loader.painter(studio.painters()[0], None, (128, 128)),
]
threads = [threading.Thread(target=run, args=(work,)) for work in works]
for thread in threads[:2]:
    thread.start()
time.sleep(1)
for thread in threads[2:]:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
"""


def test_what_a_thread_needs_is_there_while_other_threads_import_it():
    done = subprocess.run([sys.executable, "-c", script.format(root=str(root))], capture_output=True, text=True)
    assert not done.returncode, done.stderr
