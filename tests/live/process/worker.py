"""A process that does what it is told, a line at a time: burn SECONDS, take
MIB, child, end. It ends by itself when nobody tells it anything any more."""
import subprocess
import sys
import time

held, children = [], []
for line in sys.stdin:
    order, _, value = line.strip().partition(' ')
    if order == 'burn':
        end = time.process_time() + float(value)
        while time.process_time() < end:
            pass
    elif order == 'take':
        held.append(bytearray(b'x' * (int(value) << 20)))
    elif order == 'child':
        children.append(subprocess.Popen(
            [sys.executable, '-c', 'import sys; sys.stdin.read()'],
            stdin=subprocess.PIPE))
    elif order == 'end':
        break
    print(order, flush=True)
for child in children:
    child.stdin.close()
    child.wait()
