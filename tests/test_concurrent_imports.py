"""What is imported on first use is imported by whichever thread comes first, and the others do not suffer for it."""

import subprocess
import sys
from pathlib import Path

root = Path(__file__).parent.parent
script = """
import sys, threading

sys.path.insert(0, {root!r})
from engine import clip_words, libraries

failures = []

def run(work):
    try:
        work()
    except Exception as error:
        failures.append(error)

def paints():
    libraries.transformers()
    import engine.painter

threads = [threading.Thread(target=run, args=(work,)) for work in (paints, *[clip_words.tokenizer] * 3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
"""


def test_words_are_there_for_threads_that_ask_while_transformers_is_imported():
    done = subprocess.run([sys.executable, "-c", script.format(root=str(root))], capture_output=True, text=True)
    assert not done.returncode, done.stderr
