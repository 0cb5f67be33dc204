"""Rows of the source workload/kubernetes: how a large cluster comes in, what it
holds, and how long a change takes from the API server's socket to a client."""
import os
import queue
import re
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from common import BUILD, QUICK, Systated, at_most, note, row, tool

DEPLOYMENTS, PODS_EACH = (100, 10) if QUICK else (1000, 10)


def build():
    subprocess.run(["cmake", "--build", BUILD, "--target", "bench_kubernetes",
                    "kube_api"], stdout=subprocess.DEVNULL, check=True)


class Cluster:
    """The API server of the tests, and a configuration that leads to it."""

    def __init__(self, folder):
        kubeconfig = os.path.join(folder, "kubeconfig")
        self.process = subprocess.Popen(
            [tool("tests", "support", "kube_api"), "--deployments",
             str(DEPLOYMENTS), "--pods", str(PODS_EACH), "--namespaces", "10",
             "--metrics", "--kubeconfig", kubeconfig, "--churn-on-stdin"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline().startswith("http"):
            raise RuntimeError("the API server of the tests did not start")
        self.config = os.path.join(folder, "systate.yaml")
        with open(self.config, "w") as out:
            out.write("mock: {enabled: false}\nsources:\n"
                      "  - name: workload/bench\n    kind: kubernetes\n"
                      f"    options: {{kubeconfig: '{kubeconfig}'}}\n")

    def churn(self):
        """Changes a pod: when its event was written, in ns, and its name."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        ns, _, name = self.process.stdout.readline().split()
        return int(ns), name

    def close(self):
        self.process.stdin.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Stream(threading.Thread):
    """A client that watches; lines with the time at which they came."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.sendall(b"GET /system/state/watch?sections=workload "
                            b"HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                            b"Accept: text/event-stream\r\n\r\n")
        self.came = queue.Queue()
        self.start()

    def run(self):
        rest = b""
        while True:
            try:
                data = self.socket.recv(1 << 20)
            except OSError:
                return
            if not data:
                return
            now = time.time_ns()
            *events, rest = (rest + data).split(b"\n\n")
            for event in events:
                self.came.put((now, event))

    def until(self, *words):
        """When an event with all of these came."""
        while True:
            now, event = self.came.get(timeout=30)
            if all(word in event for word in words):
                return now

    def close(self):
        self.socket.close()


def await_cluster(service):
    """Until every workload is there; the seconds since the start."""
    want = f'"entities":{DEPLOYMENTS},'.encode()
    while time.monotonic() < service.begin + 120:
        body, _ = service.get("/system/sources")
        if want in body.replace(b" ", b""):
            return time.monotonic() - service.begin
        time.sleep(0.02)
    raise RuntimeError("the cluster did not come in within two minutes")


def peak_kb(service):
    with open(f"/proc/{service.process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1))


def latencies(cluster, service, count):
    stream = Stream(int(service.url.rsplit(":", 1)[1]))
    stream.until(b"event: state")
    took = []
    for _ in range(count):
        written, name = cluster.churn()
        if written == 0:
            raise RuntimeError("nobody watches the pods")
        came = stream.until(b"event: change", name.encode())
        took.append((came - written) / 1e6)
        # not in step with the merging of bursts
        time.sleep(0.005 * (1 + len(took) % 7))
    stream.close()
    return sorted(took)


def row_kubernetes():
    build()
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(folder)
        service = Systated("--config", cluster.config)
        try:
            seconds = await_cluster(service)
            peak = peak_kb(service)
            took = latencies(cluster, service, 50 if QUICK else 500)
        finally:
            service.close()
            cluster.close()
    pods = DEPLOYMENTS * PODS_EACH
    p99 = took[int(len(took) * 0.99)]
    note(f"kubernetes: {pods} pods in {DEPLOYMENTS} deployments, the server "
         f"beside it on this machine; from event to client p50 "
         f"{statistics.median(took):.1f} ms, most {took[-1]:.1f} ms")
    row("kubernetes_sync", seconds, "-", True, "s")
    at_most("kubernetes_peak", peak / 1024, 150, "MB")
    at_most("kubernetes_event_p99", p99, 100, "ms")


def row_kubernetes_source():
    """The source alone: no document, no history, no back-off to wait for."""
    build()
    out = subprocess.run(
        [tool("tests", "bench", "bench_kubernetes"), str(DEPLOYMENTS),
         str(PODS_EACH), "2" if QUICK else "10", "50" if QUICK else "500"],
        capture_output=True, text=True, check=True).stdout
    f = {k: float(v) for k, v in (line.split() for line in out.splitlines())}
    note("kubernetes source: " + ", ".join(f"{k} {v:g}" for k, v in f.items()))
    pods = DEPLOYMENTS * PODS_EACH
    row("kubernetes_sync_cpu", 1000 * f["sync_cpu_ms"] / pods, "-", True,
        "us/pod")
    at_most("kubernetes_source_peak", f["peak_kb"] / 1024, 150, "MB")
    at_most("kubernetes_relists",
            f["relist_last_kb"] / f["relist_first_kb"], 1.1, "x")
    at_most("kubernetes_event_cpu", f["event_collect_p99_ms"], 5, "ms")
