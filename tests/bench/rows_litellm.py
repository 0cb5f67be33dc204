"""Rows of the source litellm/proxy: how fast it reads Prometheus text."""
import os
import subprocess

from common import BUILD, QUICK, ROOT, at_least, note, tool


def row_prometheus():
    subprocess.run(["cmake", "--build", BUILD, "--target", "bench_prometheus"],
                   stdout=subprocess.DEVNULL, check=True)
    recorded = os.path.join(ROOT, "mocks", "upstreams", "litellm", "nodb")
    out = subprocess.run(
        [tool("tests", "bench", "bench_prometheus"),
         os.path.join(recorded, "metrics.txt"),
         os.path.join(recorded, "model_info.json"), "3" if QUICK else "15"],
        capture_output=True, text=True, check=True).stdout
    f = {k: float(v) for k, v in (line.split() for line in out.splitlines())}
    note("Prometheus text parse rate: " +
         ", ".join(f"{k} {v:.0f} MB/s" for k, v in f.items()))
    at_least("prometheus_wanted", f["wanted"] / f["jansson"], 5, "x")
    at_least("prometheus_scrape", f["scrape"] / f["jansson"], 20, "x")
