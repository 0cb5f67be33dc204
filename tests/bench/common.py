"""What the rows of the bench share: the built programs, a running service,
how a figure is said."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
QUICK = "--quick" in sys.argv
ROUNDS = 1 if QUICK else 5
SECONDS = 1 if QUICK else 4
broken = []


def argument(name, default):
    if name in sys.argv:
        return sys.argv[sys.argv.index(name) + 1]
    return default


BUILD = argument("--build", os.path.join(ROOT, "build", "bench"))


def build():
    flags = ["-DCMAKE_BUILD_TYPE=Release", "-DSST_WERROR=OFF", "-DSST_TESTS=ON"]
    generator = ["-G", "Ninja"] if shutil.which("ninja") else []
    for command in (["cmake", "-S", ROOT, "-B", BUILD] + generator + flags,
                    ["cmake", "--build", BUILD, "--target", "systated",
                     "bench_plain_server", "bench_document", "bench_diff",
                     "bench_history", "large_main"]):
        done = subprocess.run(command, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            sys.exit("bench: the build failed\n" + done.stdout)


def tool(*parts):
    return os.path.join(BUILD, *parts)


def note(text):
    print("# " + text, flush=True)


def row(name, value, bar, met, unit=""):
    print(f"{name} {value:.3f}{unit} {bar} {'ok' if met else 'short'}",
          flush=True)


def at_least(name, value, bar, unit=""):
    row(name, value, f">={bar}{unit}", value >= bar, unit)


def at_most(name, value, bar, unit=""):
    row(name, value, f"<={bar}{unit}", value <= bar, unit)


class Systated:
    """The service on a free port of loopback, with mock data."""

    def __init__(self, *options, data_dir=None):
        self.folder = tempfile.TemporaryDirectory()
        self.begin = time.monotonic()
        self.log = tempfile.TemporaryFile(mode="w+")
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("SERVER_PORT", "LOG_LEVEL")}
        self.process = subprocess.Popen(
            [tool("cmd", "systated", "systated"), "--port", "0",
             "--log-format", "json", "--data-dir",
             data_dir or os.path.join(self.folder.name, "data"), *options],
            stdout=self.log, stderr=self.log, env=environment, cwd=ROOT)
        self.url = self.await_url()

    def await_url(self):
        while time.monotonic() < self.begin + 30:
            self.log.seek(0)
            found = re.search(r"https?://[0-9.]+:[0-9]+", self.log.read())
            if found:
                return found.group(0)
            if self.process.poll() is not None:
                break
            time.sleep(0.001)
        self.log.seek(0)
        raise RuntimeError("systated did not start: " + self.log.read())

    def get(self, path="/system/state", headers=None):
        request = urllib.request.Request(self.url + path, headers=headers or {})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read(), answer.headers

    def await_state(self):
        while time.monotonic() < self.begin + 60:
            try:
                return self.get()
            except urllib.error.HTTPError:
                time.sleep(0.001)
        raise RuntimeError("no snapshot within a minute")

    def rss_kb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


def wrk(url, headers=()):
    command = ["wrk", "-t1", "-c32", f"-d{SECONDS}s"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run(command + [url], capture_output=True, text=True,
                         timeout=SECONDS + 30).stdout
    if "Non-2xx" in out and not headers:
        raise RuntimeError("answers other than 2xx: " + out)
    return float(re.search(r"Requests/sec:\s+([0-9.]+)", out).group(1))
