"""Rows of serving: rates against plain libmicrohttpd, memory, start, idle."""
import os
import statistics
import subprocess
import tempfile
import time

from common import (QUICK, ROUNDS, Systated, at_least, at_most, note, row,
                    tool, wrk)


def bench_scenario(folder, agents):
    """A scenario that stands still and has about 130 bytes an agent."""
    path = os.path.join(folder, f"agents-{agents}.yaml")
    with open(path, "w") as out:
        out.write("description: stands still\nagents:\n")
        for i in range(agents):
            out.write(f"  - {{name: agent-{i:05d}, description: one of many, "
                      f"max_parallel_invocations: 5, deployment_name: d-{i}, "
                      "models: [gpt-4], status: idle}\n")
    return path


def serve_size(folder, name, agents):
    service = Systated("--scenario", bench_scenario(folder, agents))
    try:
        body, _ = service.await_state()
        plain = subprocess.Popen(
            [tool("tests", "bench", "bench_plain_server"), str(len(body)),
             str(os.cpu_count() or 1)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        port = plain.stdout.readline().strip()
        pairs = []
        for _ in range(ROUNDS):
            theirs = wrk(f"http://127.0.0.1:{port}/system/state")
            pairs.append((wrk(service.url + "/system/state"), theirs))
        plain.stdin.close()
        plain.wait(10)
        note(f"{name}: {len(body)} bytes; requests/s systated, plain "
             "libmicrohttpd: " + ", ".join(f"{a:.0f} {b:.0f}" for a, b in pairs))
        at_least(name, statistics.median(a / b for a, b in pairs), 0.75, "x")
    finally:
        service.close()


def row_serve_2k():
    with tempfile.TemporaryDirectory() as folder:
        serve_size(folder, "serve_2k", 4)


def row_serve_100k():
    with tempfile.TemporaryDirectory() as folder:
        serve_size(folder, "serve_100k", 385)


def row_not_modified():
    with tempfile.TemporaryDirectory() as folder:
        service = Systated("--scenario", bench_scenario(folder, 4))
        try:
            _, headers = service.await_state()
            tag = "If-None-Match: " + headers["ETag"]
            pairs = [(wrk(service.url + "/system/state", (tag,)),
                      wrk(service.url + "/system/state"))
                     for _ in range(ROUNDS)]
        finally:
            service.close()
    note("not_modified: requests/s 304, 200: " +
         ", ".join(f"{a:.0f} {b:.0f}" for a, b in pairs))
    at_least("not_modified", statistics.median(a / b for a, b in pairs), 1, "x")


def row_memory():
    service = Systated()
    try:
        service.await_state()
        time.sleep(0 if QUICK else 5)
        at_most("rss_idle", service.rss_kb() / 1024, 15, "MB")
    finally:
        service.close()
    size = "M" if QUICK else "L"
    service = Systated("--scenario", "large-" + size, "--set",
                       "limits.max_entities_per_source=200000")
    try:
        body, _ = service.await_state()
        time.sleep(0 if QUICK else 3)
        rss = service.rss_kb() * 1024
    finally:
        service.close()
    note(f"rss_large {size}: {rss} bytes resident, {len(body)} encoded")
    at_most("rss_large", rss / len(body), 4, "x")


def row_start():
    times = []
    for _ in range(3 if QUICK else 11):
        service = Systated()
        try:
            service.await_state()
            times.append((time.monotonic() - service.begin) * 1000)
        finally:
            service.close()
    note("start_ms: " + " ".join(f"{t:.1f}" for t in times))
    at_most("start", statistics.median(times), 50, "ms")


def row_idle():
    service = Systated()
    try:
        service.await_state()
        before, begin = service.cpu_seconds(), time.monotonic()
        time.sleep(2 if QUICK else 30)
        used = service.cpu_seconds() - before
        share = 100 * used / (time.monotonic() - begin)
    finally:
        service.close()
    row("idle_cpu", share, "<0.5%", share < 0.5, "%")
