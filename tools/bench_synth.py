"""Times `python main.py` against the same program with plain imports; compares what they write.

Whole processes, alternated, after one unmeasured run of each. Exits 1 where the ratio of the
medians is above `LIMIT` or a byte differs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
FLEET = HOME / "examples" / "three-domains" / "fleet.yaml"
LIMIT = 0.35
RUNS = 5
WAYS = {"Portico's imports": "0", "plain imports": "1"}
"""Values of PORTICO_PLAIN_IMPORTS."""


def synth(plain: str, outdir: Path) -> float:
    """Synthesize the three domains; return the seconds that the whole process took."""
    environment = {**os.environ, "PORTICO_PLAIN_IMPORTS": plain, "CDKTF_OUTDIR": str(outdir)}
    start = time.perf_counter()
    subprocess.run([sys.executable, "main.py", str(FLEET)], cwd=HOME, env=environment, check=True)
    return time.perf_counter() - start


def written(folder: Path) -> dict[str, bytes]:
    """Return every file of an output folder."""
    files = (file for file in folder.rglob("*") if file.is_file())
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def main() -> int:
    """Run the benchmark and print its table."""
    with tempfile.TemporaryDirectory() as name:
        outdirs = {way: Path(name, f"out-{way.split()[0]}") for way in WAYS}
        seconds: dict[str, list[float]] = {way: [] for way in WAYS}
        for run in range(RUNS + 1):
            for way, plain in WAYS.items():
                took = synth(plain, outdirs[way])
                if run:
                    seconds[way].append(took)
        fast, plain_files = (written(outdir) for outdir in outdirs.values())
    print(f"python main.py, three sites, whole process, {RUNS} runs each")
    for way, taken in seconds.items():
        median = statistics.median(taken)
        print(f"  {way:18} median {median:6.2f} s   ({min(taken):.2f} to {max(taken):.2f})")
    ratio = statistics.median(seconds["Portico's imports"]) / statistics.median(
        seconds["plain imports"]
    )
    same = fast == plain_files
    print(f"  ratio {ratio:.3f}, at most {LIMIT}: {'yes' if ratio <= LIMIT else 'NO'}")
    print(f"  {len(fast)} files, byte-identical: {'yes' if same else 'NO'}")
    return 0 if ratio <= LIMIT and same else 1


if __name__ == "__main__":
    sys.exit(main())
