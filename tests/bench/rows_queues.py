"""Rows of the queue sources: what 100 queues of 1,000 tasks cost to read, when
nothing changes and when every queue changes between two looks."""
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             "..", "support"))

from ports import free_port  # noqa: E402
from common import QUICK, Systated, at_most, note  # noqa: E402

QUEUES, TASKS = (20, 200) if QUICK else (100, 1000)
LOOKS = 2 if QUICK else 6
TOO_LONG = 120


def command(*parts):
    """A command as Redis reads it."""
    out = [b"*%d\r\n" % len(parts)]
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(out)


class Redis:
    """A server of its own, in memory only, on a free port of loopback."""

    def __init__(self, folder):
        if not shutil.which("redis-server"):
            raise RuntimeError("no redis-server here")
        self.port = free_port()
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--appendonly", "no", "--dir", folder],
            stdout=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while True:
            try:
                self.socket = socket.create_connection(
                    ("127.0.0.1", self.port))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def run(self, commands):
        """Sends them all, and waits for the last."""
        self.socket.sendall(b"".join(commands) + command("ECHO", "the-end"))
        rest = b""
        while not rest.endswith(b"$7\r\nthe-end\r\n"):
            rest = (rest + self.socket.recv(1 << 20))[-64:]

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.socket.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


def celery_message(queue, number):
    body = base64.b64encode(json.dumps(
        [[f"argument {number}"], {}, {"callbacks": None, "errbacks": None,
                                      "chain": None, "chord": None}]
    ).encode()).decode()
    task = f"{queue:08d}-0000-4000-8000-{number:012d}"
    return json.dumps({
        "body": body, "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {
            "lang": "py", "task": "bench.step", "id": task, "shadow": None,
            "eta": None, "expires": None, "group": None, "group_index": None,
            "retries": 0, "timelimit": [None, None], "root_id": task,
            "parent_id": None, "argsrepr": f"('argument {number}',)",
            "kwargsrepr": "{}", "origin": "gen1@bench",
            "ignore_result": False},
        "properties": {
            "correlation_id": task, "reply_to": task, "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": f"q{queue}"},
            "priority": 0, "body_encoding": "base64", "delivery_tag": task}})


def celery_fill(redis):
    for q in range(QUEUES):
        redis.run([command("SADD", "_kombu.binding.q%d" % q,
                           b"q%d\x06\x16\x06\x16q%d" % (q, q)),
                   command("LPUSH", f"q{q}",
                           *(celery_message(q, n) for n in range(TASKS)))])


def celery_change(redis, turn):
    redis.run([command("LPUSH", f"q{q}", celery_message(q, TASKS + turn))
               for q in range(QUEUES)])


def bullmq_job(queue, number):
    return command(
        "HSET", f"bull:q{queue}:{number}", "name", "step", "data",
        json.dumps({"text": "x" * 200}), "opts",
        '{"attempts":3,"backoff":1000}', "timestamp",
        1767225600000 + number, "delay", 0, "priority", 0, "atm", 0)


def bullmq_fill(redis):
    for q in range(QUEUES):
        redis.run([command("HSET", f"bull:q{q}:meta", "version",
                           "bullmq:5.81.5", "opts.maxLenEvents", 10000)] +
                  [bullmq_job(q, n) for n in range(TASKS)] +
                  [command("LPUSH", f"bull:q{q}:wait", *range(TASKS))])


def bullmq_change(redis, turn):
    redis.run([c for q in range(QUEUES)
               for c in (bullmq_job(q, TASKS + turn),
                         command("LPUSH", f"bull:q{q}:wait", TASKS + turn))])


def rq_job(queue, number):
    return command(
        "HSET", f"rq:job:q{queue}-{number}", "status", "queued",
        "created_at", "2026-01-01T00:00:00.000000Z", "enqueued_at",
        "2026-01-01T00:00:00.000000Z", "origin", f"q{queue}", "description",
        f"bench.step('argument {number}')", "timeout", 180, "data", "x" * 200)


def rq_fill(redis):
    for q in range(QUEUES):
        redis.run([command("SADD", "rq:queues", f"rq:queue:q{q}")] +
                  [rq_job(q, n) for n in range(TASKS)] +
                  [command("RPUSH", f"rq:queue:q{q}",
                           *(f"q{q}-{n}" for n in range(TASKS)))])


def rq_change(redis, turn):
    redis.run([c for q in range(QUEUES)
               for c in (rq_job(q, TASKS + turn),
                         command("RPUSH", f"rq:queue:q{q}",
                                 f"q{q}-{TASKS + turn}"))])


class Reader:
    """A service that reads one source, and what its reading costs."""

    def __init__(self, folder, kind, options):
        config = os.path.join(folder, "systate.yaml")
        with open(config, "w") as out:
            out.write("mock: {enabled: false}\nsources:\n"
                      f"  - name: queues/bench\n    kind: {kind}\n"
                      f"    options: {{{options}}}\n")
        self.service = Systated("--config", config)
        self.close = self.service.close

    def figure(self, name):
        body, _ = self.service.get("/metrics")
        found = re.search(name + r'\{[^}]*source="queues/bench"[^}]*\} '
                          r"([0-9.e+-]+)", body.decode())
        return float(found.group(1)) if found else 0.0

    def attempts(self):
        body, _ = self.service.get("/system/sources")
        row, = json.loads(body)["sources"]
        return row["attempts"]

    def await_whole(self):
        end = time.monotonic() + TOO_LONG
        while time.monotonic() < end:
            body, _ = self.service.get("/system/sources")
            row, = json.loads(body)["sources"]
            if row["status"] == "ok":
                return row
            time.sleep(0.05)
        raise RuntimeError(f"the source is not ok: {row}")

    def await_looks(self, count, between=None):
        """Until it has looked count times more."""
        end = time.monotonic() + TOO_LONG
        seen = self.attempts()
        for turn in range(count):
            if between is not None:
                between(turn)
            while self.attempts() <= seen:
                if time.monotonic() > end:
                    raise RuntimeError("it does not look any more")
                time.sleep(0.05)
            seen = self.attempts()


def measured(reader, between=None):
    """(mean seconds of a look, share of a core) over some looks."""
    reader.await_looks(1, between)
    took = -reader.figure("systate_source_duration_seconds_total")
    looks = -reader.attempts()
    cpu, begin = -reader.service.cpu_seconds(), time.monotonic()
    reader.await_looks(LOOKS, between)
    took += reader.figure("systate_source_duration_seconds_total")
    looks += reader.attempts()
    cpu += reader.service.cpu_seconds()
    return took / looks, cpu / (time.monotonic() - begin)


def of_redis(kind, fill, change):
    with tempfile.TemporaryDirectory() as folder:
        redis = Redis(folder)
        try:
            fill(redis)
            reader = Reader(
                folder, kind, f"url: 'redis://127.0.0.1:{redis.port}'")
            try:
                found = reader.await_whole()
                still = measured(reader)
                server = -redis.cpu_seconds()
                moving = measured(reader, lambda turn: change(redis, turn))
                server += redis.cpu_seconds()
                rss = reader.service.rss_kb()
            finally:
                reader.close()
        finally:
            redis.close()
    note(f"{kind}: {found['entities']} queues of {TASKS} tasks; while all "
         f"change a look takes {moving[0] * 1000:.0f} ms and the service "
         f"{moving[1] * 100:.1f} % of a core (the server "
         f"{server / (LOOKS + 1) * 1000:.0f} ms a look), {rss / 1024:.0f} MB")
    at_most(f"queues_{kind}_refresh", max(still[0], moving[0]), 1, "s")
    at_most(f"queues_{kind}_cpu", still[1] * 100, 5, "%")
    at_most(f"queues_{kind}_cpu_changing", moving[1] * 100, 5, "%")


def row_queues_celery():
    of_redis("celery", celery_fill, celery_change)


def row_queues_bullmq():
    of_redis("bullmq", bullmq_fill, bullmq_change)


def row_queues_rq():
    of_redis("rq", rq_fill, rq_change)
