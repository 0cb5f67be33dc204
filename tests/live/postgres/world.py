"""A PostgreSQL of one's own on loopback, and users of its queues that do what
the test says."""
import glob
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..'))

from service import (  # noqa: E402
    Child, Missing, environment, free_port, program, wait_until)


def tool(name):
    """A program of the server, which Debian has beside PATH."""
    for folder in sorted(glob.glob('/usr/lib/postgresql/*/bin'), reverse=True):
        if os.path.exists(os.path.join(folder, name)):
            return os.path.join(folder, name)
    return program(name)


def as_user():
    """It refuses to be root: who it becomes, and how."""
    if os.getuid() != 0:
        return None, []
    for name in ('postgres', 'nobody'):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return user, [program('setpriv'), '--reuid=%d' % user.pw_uid,
                      '--regid=%d' % user.pw_gid, '--clear-groups']
    raise Missing('there is no user that PostgreSQL could be')


class Postgres:
    """The role postgres needs no password, all others do."""

    def __init__(self):
        self.initdb, self.server = tool('initdb'), tool('postgres')
        self.psql = program('psql')
        self.dir = tempfile.mkdtemp(prefix='sst-postgres-')
        self.port = free_port()
        user, become = as_user()
        if user is not None:
            os.chown(self.dir, user.pw_uid, user.pw_gid)
        data = os.path.join(self.dir, 'data')
        subprocess.run(become + [
            self.initdb, '-D', data, '-U', 'postgres', '-A', 'trust', '-N',
            '-E', 'UTF8', '--locale=C'], check=True, cwd='/',
            stdout=subprocess.DEVNULL)
        hba = os.path.join(self.dir, 'hba')
        with open(hba, 'w', encoding='utf-8') as f:
            f.write('host all postgres 127.0.0.1/32 trust\n'
                    'host all all 127.0.0.1/32 scram-sha-256\n')
        os.chmod(hba, 0o644)
        self.child = Child(become + [
            self.server, '-D', data, '-p', str(self.port),
            '-c', 'listen_addresses=127.0.0.1',
            '-c', 'unix_socket_directories=', '-c', 'hba_file=' + hba,
            '-c', 'fsync=off', '-c', 'shared_buffers=16MB',
            '-c', 'max_connections=40', '-c', 'autovacuum=off',
            '-c', 'password_encryption=scram-sha-256'], self.dir)
        self.url = 'postgresql://127.0.0.1:%d/postgres' % self.port
        self.start()

    def start(self):
        self.child.start()
        wait_until('PostgreSQL answers', self.answers, 60)

    def answers(self):
        # what is left of a killed one holds its memory a moment longer
        if self.child.process.poll() is not None and (
                'pre-existing shared memory' in self.child.output()[-600:]):
            self.child.start()
        self.child.runs()
        return self.try_sql('SELECT 1') == '1'

    def kill(self, number=signal.SIGKILL):
        self.child.kill(number)

    def try_sql(self, text):
        done = subprocess.run(
            [self.psql, '-h', '127.0.0.1', '-p', str(self.port), '-U',
             'postgres', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-c', text,
             'postgres'], capture_output=True, text=True, timeout=60)
        self.said = done.stderr
        return done.stdout.strip() if done.returncode == 0 else None

    def sql(self, text):
        result = self.try_sql(text)
        if result is None:
            raise AssertionError('%s: %s' % (text, self.said))
        return result

    def session(self, text):
        """Another session that runs this and stays; close its stdin to end
        it."""
        session = subprocess.Popen(
            [self.psql, '-h', '127.0.0.1', '-p', str(self.port), '-U',
             'postgres', '-XAtq', 'postgres'], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        session.stdin.write(text + ';\n\\echo done\n')
        session.stdin.flush()
        while session.stdout.readline().strip() != 'done':
            pass
        return session

    def close(self):
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)


class Actor:
    """A process with the users of a queue in it: a line of JSON in, one out."""

    def __init__(self, *argv):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(
                'the actor ended: ' + self.process.stderr.read()[-2000:])
        said = json.loads(line)
        if 'error' in said:
            raise AssertionError('the actor: ' + said['error'])
        return said['ok']

    def __call__(self, do, **more):
        self.process.stdin.write(json.dumps(dict(more, do=do)) + '\n')
        self.process.stdin.flush()
        return self.answer()

    def close(self):
        """kill -9: no worker says good-bye."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout,
                     self.process.stderr):
            pipe.close()


def node(script, server, *more):
    folder = environment('postgres', os.path.join(HERE, 'package-lock.json'))
    return Actor(program('node'), os.path.join(HERE, script), folder,
                 'postgres://postgres@127.0.0.1:%d/postgres' % server.port,
                 *more)


def python(script, server):
    folder = environment('procrastinate',
                         os.path.join(HERE, 'requirements.txt'))
    return Actor(os.path.join(folder, 'bin', 'python'),
                 os.path.join(HERE, script),
                 'host=127.0.0.1 port=%d user=postgres dbname=postgres'
                 % server.port)


def everything(server):
    """All rows of all tables with their places and transactions, counters of
    what was written, locks and horizons of ours."""
    return server.sql(
        "SELECT string_agg(c.oid::regclass||' '||md5(query_to_xml(format("
        "'SELECT t.*,t.ctid,t.xmin,t.xmax FROM %s t ORDER BY t.ctid',"
        "c.oid::regclass),true,true,'')::text),E'\\n' ORDER BY c.oid) FROM "
        "pg_class c JOIN pg_namespace n ON n.oid=c.relnamespace WHERE "
        "c.relkind='r' AND n.nspname NOT IN "
        "('pg_catalog','information_schema','pg_toast') UNION ALL "
        "SELECT string_agg(concat_ws('|',schemaname,relname,n_tup_ins,"
        "n_tup_upd,n_tup_del),E'\\n' ORDER BY schemaname,relname) FROM "
        "pg_stat_user_tables UNION ALL SELECT 'locks '||count(*) FROM "
        "pg_locks l JOIN pg_stat_activity a USING (pid) WHERE "
        "a.application_name='systate' AND l.mode<>'AccessShareLock' AND "
        "l.locktype<>'virtualxid' UNION ALL SELECT 'next '||"
        "pg_snapshot_xmax(pg_current_snapshot())")
