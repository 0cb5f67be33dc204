"""Rows of time: the diff beside its peers, the history, watchers, kill -9."""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from common import (BUILD, HERE, QUICK, ROOT, Systated, at_least, at_most,
                    broken, note, row, tool, wrk)

sys.path.insert(0, os.path.join(ROOT, "tests", "api"))
from killing import kill_rounds  # noqa: E402

PEERS = ("jsondiffpatch@0.7.7", "fast-json-patch@3.1.1")


def figures(command, **more):
    out = subprocess.run(command, capture_output=True, text=True, check=True,
                         **more).stdout
    return {k: float(v) for k, v in
            (line.split() for line in out.splitlines())}


def shown(f):
    return ", ".join(f"{k} {v:g}" for k, v in f.items())


def jq_diff_ms(a, b):
    """`jq -S` of both and `diff`, as people do it; None without jq."""
    if not shutil.which("jq") or not shutil.which("diff"):
        return None
    begin = time.monotonic()
    sorted_files = []
    for path in (a, b):
        sorted_files.append(path + ".sorted")
        with open(sorted_files[-1], "w") as out:
            subprocess.run(["jq", "-S", ".", path], stdout=out, check=True)
    done = subprocess.run(["diff", *sorted_files], capture_output=True)
    ms = (time.monotonic() - begin) * 1000
    lines = done.stdout.count(b"\n")
    note(f"diff: jq -S twice and diff took {ms:.0f} ms and printed {lines} "
         "lines")
    return ms


def peer(name, a, b):
    """(ms, operations, bytes) of a Node library, or None."""
    if not shutil.which("npm") or not shutil.which("node"):
        note(f"SKIP: diff beside {name}: no Node here")
        return None
    modules = os.path.join(BUILD, "peers")
    os.makedirs(modules, exist_ok=True)
    package = name.split("@")[0]
    if not os.path.isdir(os.path.join(modules, "node_modules", package)):
        got = subprocess.run(
            ["npm", "install", "--prefix", modules, "--no-audit", "--no-fund",
             "--ignore-scripts", *PEERS], capture_output=True, text=True)
        if got.returncode != 0:
            note(f"SKIP: diff beside {name}: npm could not install it")
            return None
    out = subprocess.run(
        ["node", os.path.join(HERE, "diff_peers.mjs"), modules, package, a, b],
        capture_output=True, text=True)
    if out.returncode != 0:
        raise RuntimeError(f"{package}: {out.stderr[-400:]}")
    ms, ops, size = out.stdout.split()
    note(f"diff: {package} {ms} ms, {ops} operations, {size} bytes")
    return float(ms), int(ops), int(size)


def foreign_apply(a, b, patch):
    """Our patch, applied by somebody else's code."""
    out = subprocess.run(
        ["node", os.path.join(HERE, "diff_peers.mjs"),
         os.path.join(BUILD, "peers"), "apply", a, b, patch],
        capture_output=True, text=True)
    if out.returncode != 0:
        raise RuntimeError("fast-json-patch does not get B from our patch: " +
                           out.stderr[-400:])
    note("diff: our JSON Patch applied by fast-json-patch gives B")


def row_diff():
    with tempfile.TemporaryDirectory() as folder:
        a, b, patch = (os.path.join(folder, n)
                       for n in ("a.json", "b.json", "patch.json"))
        f = figures([tool("tests", "bench", "bench_diff"),
                     "3" if QUICK else "31", a, b, patch])
        jq = jq_diff_ms(a, b)
        keyed, plain = (peer(name, a, b) for name in PEERS)
        if plain is not None:
            foreign_apply(a, b, patch)
    note("diff L: " + shown(f))
    at_most("diff_shared", f["diff_shared_ms"], 5, "ms")
    if jq is not None:
        at_most("diff_jq", f["diff_shared_ms"] / jq, 0.05, "x")
    if keyed is not None:
        at_most("diff_ops", f["patch_ops"] / keyed[1], 1, "x")
        at_most("diff_jsondiffpatch", f["diff_unshared_ms"] / keyed[0], 0.04,
                "x")
    if plain is not None:
        at_most("diff_fast_json_patch", f["diff_unshared_ms"] / plain[0], 0.5,
                "x")
    # a document of which 1 % is new, written for publishing
    at_most("encode_changed", f["write_ms"] / f["dumps_ms"], 0.2, "x")
    # 12.5 times the tasks in one queue
    at_most("diff_one_queue", f["queue_ratio"], 25, "x")


def row_history():
    size, steps = ("M", 6) if QUICK else ("L", 12)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for step in range(steps):
            paths.append(os.path.join(folder, f"{step}.json"))
            with open(paths[-1], "w") as out:
                subprocess.run([tool("tests", "support", "large_main"),
                                "large-" + size, str(step), "0.01"],
                               stdout=out, check=True)
        f = figures([tool("tests", "bench", "bench_history"),
                     "110" if QUICK else "220", *paths], cwd=folder)
    note(f"history {size}: " + shown(f))
    at_most("history_bytes", 100 * f["stored_ratio"], 0.5, "%")
    at_most("history_append", f["append_ms"] / f["zstd1_ms"], 1.2, "x")


class Watchers:
    def __init__(self, port, count):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "watchers.py"), str(port),
             str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the watchers could not be opened")

    def close(self):
        """How many streams were still open."""
        self.process.stdin.close()
        words = self.process.stdout.read().split()
        self.process.wait(30)
        return int(words[1])


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def row_watchers():
    count = 300 if QUICK else 5000
    service = Systated("--scenario", "calm")
    try:
        service.await_state()
        port = service.url.rsplit(":", 1)[1]
        alone = [wrk(service.url + "/system/state")
                 for _ in range(1 if QUICK else 3)]
        rss, task_count = service.rss_kb(), threads(service.process.pid)
        watchers = Watchers(port, count)
        grown = (service.rss_kb() - rss) / count
        more = threads(service.process.pid) - task_count
        cpu, begin = service.cpu_seconds(), time.monotonic()
        time.sleep(2 if QUICK else 30)
        idle = 100 * (service.cpu_seconds() - cpu) / (time.monotonic() - begin)
        beside = [wrk(service.url + "/system/state")
                  for _ in range(1 if QUICK else 3)]
        left = watchers.close()
    finally:
        service.close()
    if left != count:
        raise RuntimeError(f"{count - left} of {count} streams were cut")
    note(f"watchers: {count} streams, {more} more threads; requests/s without "
         "and with them: " + ", ".join(f"{x:.0f}" for x in alone) + "; " +
         ", ".join(f"{x:.0f}" for x in beside))
    at_most("watchers_memory", grown, 40, "KB")
    at_most("watchers_threads", more, 0)
    at_most("watchers_idle_cpu", idle, 0.5, "%")
    at_least("watchers_rate", statistics.median(beside) /
             statistics.median(alone), 0.8, "x")


def row_kill():
    rounds = 3 if QUICK else 100
    services = []

    def start(data_dir):
        service = Systated("--scenario", "overload", "--set", "mock.speed=200",
                           data_dir=data_dir)
        service.port = int(service.url.rsplit(":", 1)[1])
        services.append(service)
        return service

    with tempfile.TemporaryDirectory() as data_dir:
        try:
            result = kill_rounds(start, data_dir, rounds)
        finally:
            for service in services:
                service.folder.cleanup()
    note(f"kill: {result.rounds} times kill -9 under change, "
         f"{result.revisions} revisions older than 1 s looked at, "
         f"{result.young_lost} younger ones lost, start "
         f"{statistics.median(result.start_ms):.1f} ms (median)")
    row("kill_lost", len(result.lost), "<=0", not result.lost)
    row("kill_corrupt", len(result.corrupt), "<=0", not result.corrupt)
    row("kill_epochs", len(result.epochs), "<=1", len(result.epochs) == 1)
    at_most("kill_start", max(result.start_ms), 200, "ms")
    if result.lost or result.corrupt or len(result.epochs) != 1:
        broken.append("kill")
