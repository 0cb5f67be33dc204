#!/usr/bin/env python3
"""What a user of /system/state sees of real processes: that they begin, work,
take memory, stop, end and are replaced, and nothing of their secrets.
Usage: follow.py SYSTATED"""
import datetime
import os
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from host import Host  # noqa: E402
from service import wait_until  # noqa: E402

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'worker.py')
# so that no other run, and nothing else here, matches
MARK = 'sst-live-%d' % os.getpid()
SECRET = 'hunter2-%d-do-not-tell' % os.getpid()


class Crew:
    """Processes that end with this one: they read from it."""

    def __init__(self):
        self.members = []

    def start(self, name, argv=None):
        argv = argv or [sys.executable, WORKER]
        member = subprocess.Popen(
            argv + [MARK + '-' + name, '--token', SECRET],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.members.append(member)
        return member

    @staticmethod
    def order(member, text):
        member.stdin.write(text + '\n')
        member.stdin.flush()

    def done(self, member, text):
        self.order(member, text)
        answer = member.stdout.readline().strip()
        assert answer == text.split(' ')[0], answer

    def close(self):
        for member in self.members:
            if member.poll() is None:
                member.kill()
            member.wait()
            member.stdin.close()
            member.stdout.close()


def follows(service, what, check):
    """A change is there after the first poll that begins from now on: one may
    be under way, so two may end until then. A figure needs one more."""
    before = service.attempts()
    value = wait_until(what, check, 20)
    print('  %-44s after %d poll(s)' % (what, service.attempts() - before))
    return value


def seconds_ago(text):
    at = datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%SZ')
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    return (now - at).total_seconds()


def resident(pid):
    with open('/proc/%d/statm' % pid, encoding='ascii') as f:
        return int(f.read().split()[1]) * os.sysconf('SC_PAGESIZE')


def follow_work(service, crew):
    assert service.deployment('plan')['pods'] == []
    assert service.deployment('plan')['live']['active_pods'] == 0
    plan = crew.start('plan')
    pod = follows(service, 'a process begins',
                  lambda: service.pods('plan').get(plan.pid))
    assert pod['status'] == 'Running' and pod['restarts'] == 0, pod
    assert -2 <= seconds_ago(pod['started_at']) < 60, pod
    assert service.deployment('plan')['images'] == [
        os.path.basename(os.path.realpath(sys.executable))]
    follows(service, 'cores are measured',
            lambda: service.pods('plan')[plan.pid]['cpu'] is not None)
    crew.order(plan, 'burn 3')
    follows(service, 'it works',
            lambda: service.pods('plan')[plan.pid]['cpu'] > 0.1)
    assert plan.stdout.readline().strip() == 'burn'
    follows(service, 'it rests',
            lambda: service.pods('plan')[plan.pid]['cpu'] < 0.02)
    before = service.pods('plan')[plan.pid]['memory_bytes']
    crew.done(plan, 'take 64')
    follows(service, 'it takes 64 MiB',
            lambda: service.pods('plan')[plan.pid]['memory_bytes'] >
            before + (60 << 20))
    shown = service.pods('plan')[plan.pid]
    assert abs(shown['memory_bytes'] - resident(plan.pid)) < 8 << 20, shown
    assert abs(shown['memory'] - shown['memory_bytes'] / 1048576) < 0.01
    return plan


def follow_tree(service, crew, plan):
    before = service.pods('plan')[plan.pid]['memory_bytes']
    crew.done(plan, 'child')
    follows(service, 'its child is part of it',
            lambda: service.pods('plan')[plan.pid]['memory_bytes'] >
            before + (4 << 20))
    assert len(service.pods('plan')) == 1
    crew.start('single')
    wrapped = crew.start('wrap', ['/bin/sh', '-c', '"$0" "$@"; exit 0',
                                  sys.executable, WORKER])
    follows(service, 'a shell and what it runs are one pod',
            lambda: wrapped.pid in service.pods('wrap'))
    assert len(service.pods('wrap')) == 1
    follows(service, 'or two, where asked for',
            lambda: len(service.pods('both')) == 2)


def follow_exec(service, crew):
    # reads a line before it becomes another program
    late = crew.start('late', ['/bin/sh', '-c', 'read -r x; exec "$0" "$@"',
                               sys.executable, WORKER])
    follows(service, 'before exec',
            lambda: late.pid in service.pods('shell'))
    assert late.pid not in service.pods('python')
    crew.order(late, 'go')
    follows(service, 'after exec',
            lambda: late.pid in service.pods('python'))
    assert late.pid not in service.pods('shell')
    crew.order(late, 'end')
    late.wait()
    follows(service, 'it ends by itself',
            lambda: late.pid not in service.pods('python'))


def follow_signals(service, plan):
    plan.send_signal(signal.SIGSTOP)
    pod = follows(service, 'it is stopped',
                  lambda: stopped(service.pods('plan')[plan.pid], True))
    assert pod['ready'] is False, pod
    plan.send_signal(signal.SIGCONT)
    follows(service, 'it goes on',
            lambda: stopped(service.pods('plan')[plan.pid], False))


def stopped(pod, yes):
    return (pod['status'] == 'Stopped') == yes and pod


def follow_end(service, crew, plan):
    plan.send_signal(signal.SIGKILL)
    # this one is its parent, and does not wait for it yet
    pod = follows(service, 'it was killed', lambda: [
        p for p in service.pods('plan').values() if p['status'] == 'Zombie'])
    live = service.deployment('plan')['live']
    assert (live['active_pods'], live['finished_pods']) == (0, 1), live
    assert pod[0]['cpu'] is None and pod[0]['memory'] is None, pod
    plan.wait()
    follows(service, 'it is gone',
            lambda: plan.pid not in service.pods('plan'))
    again = crew.start('plan')
    pod = follows(service, 'it is replaced',
                  lambda: service.pods('plan').get(again.pid))
    assert pod['restarts'] == 1, pod
    assert pod['last_restart_at'] == pod['started_at'], pod


def keep_secrets(service):
    for path in ('/system/state', '/system/sources', '/system/state/history'):
        _, body = service.ask(path)
        assert SECRET.encode() not in body, path
    assert SECRET not in service.log()
    print('  no argument is told')


def rules():
    worker = '%s\\S* --token' % MARK
    return [
        {'name': 'plan', 'command': '%s-plan ' % MARK},
        {'name': 'wrap', 'command': '%s-wrap ' % MARK,
         'executable': 'sh', 'namespace': 'one'},
        {'name': 'both', 'command': '%s-(wrap|single) ' % MARK,
         'children': 'pods'},
        {'name': 'shell', 'command': worker, 'executable': '*sh'},
        {'name': 'python', 'command': worker, 'executable': 'python*',
         'user': str(os.geteuid())},
    ]


def main(argv):
    if len(argv) != 2:
        sys.exit(__doc__)
    crew = Crew()
    service = None
    try:
        service = Host(argv[1], rules())
        wait_until('the first answer',
                   lambda: service.source()['status'] == 'ok', 20)
        plan = follow_work(service, crew)
        follow_tree(service, crew, plan)
        follow_exec(service, crew)
        follow_signals(service, plan)
        follow_end(service, crew, plan)
        service.settle()
        print('  no revision in five polls')
        keep_secrets(service)
        print('  a collection takes %.1f ms here' % (
            service.figures()['last_duration_seconds'] * 1000))
        service.stop()
    except BaseException:
        if service is not None:
            print(service.log())
            print(service.ask('/system/state')[1].decode())
        raise
    finally:
        crew.close()
        if service is not None:
            service.close()
    print('ok')
    return 0


if __name__ == '__main__':
    # so that what was started is ended, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv))
