"""A real Kafka broker of one node on loopback, of pinned jars from Maven
Central that are fetched once, and the helper that produces and consumes."""
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile

from service import INSTALL_SECONDS, Child, Missing, free_port, program, \
    wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
VERSION = '3.9.1'
ADMIN, ADMIN_PASSWORD = 'admin', 'admin-8d41'


def cache():
    return os.path.join(os.environ.get('XDG_CACHE_HOME') or os.path.join(
        os.path.expanduser('~'), '.cache'), 'systate-tests')


def check_jars(folder):
    """Exactly those of jars.sha256, byte for byte."""
    with open(os.path.join(HERE, 'jars.sha256'), encoding='utf-8') as f:
        want = dict(reversed(line.split()) for line in f)
    have = {}
    for name in os.listdir(folder):
        if name.endswith('.jar'):
            with open(os.path.join(folder, name), 'rb') as f:
                have[name] = hashlib.sha256(f.read()).hexdigest()
    if have != want:
        odd = sorted(set(have.items()) ^ set(want.items()))
        raise Missing('jars are not those that are pinned: %s' % odd[0][0])


def fetch(folder):
    maven = program('mvn')
    shutil.rmtree(folder, ignore_errors=True)
    print('  installing Kafka into %s' % folder, flush=True)
    done = None
    try:
        done = subprocess.run(
            [maven, '-q', '-B', '-f', os.path.join(HERE, 'pom.xml'),
             'dependency:copy-dependencies', '-DincludeScope=runtime',
             '-DoutputDirectory=' + folder],
            cwd=cache(), capture_output=True, text=True,
            timeout=INSTALL_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Missing('mvn took over %d s' % INSTALL_SECONDS) from None
    if done.returncode != 0:
        raise Missing('it cannot be installed: %s' % (
            done.stdout.strip() or 'no reason given').splitlines()[0][:300])


def jars():
    """The folder with the broker's jars."""
    program('java')
    folder = os.environ.get('SST_KAFKA_JARS')
    if folder:
        return folder
    folder = os.path.join(cache(), 'kafka-' + VERSION)
    done = os.path.join(folder, 'complete')
    os.makedirs(cache(), exist_ok=True)
    with open(folder + '.lock', 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(done):
            fetch(folder)
            check_jars(folder)
            with open(done, 'w', encoding='utf-8'):
                pass
    return folder


def certificates(folder):
    """An authority, and a certificate of 127.0.0.1 with its key in one file."""
    openssl = program('openssl')

    def run(*argv):
        subprocess.run([openssl] + list(argv), cwd=folder, check=True,
                       capture_output=True)
    for name in ('ca', 'other'):
        run('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2',
            '-subj', '/CN=test ' + name, '-keyout', name + '.key', '-out',
            name + '.pem')
    run('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=127.0.0.1',
        '-keyout', 'node.key', '-out', 'node.csr')
    with open(os.path.join(folder, 'node.ext'), 'w', encoding='utf-8') as f:
        f.write('subjectAltName=IP:127.0.0.1\n')
    run('x509', '-req', '-in', 'node.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key',
        '-CAcreateserial', '-days', '2', '-extfile', 'node.ext', '-out',
        'node.pem')
    with open(os.path.join(folder, 'store.pem'), 'w', encoding='utf-8') as out:
        for name in ('node.key', 'node.pem', 'ca.pem'):
            with open(os.path.join(folder, name), encoding='utf-8') as f:
                out.write(f.read())


class Broker:
    """One node. With `users` (name: password) it asks for a login on its main
    port and keeps access lists; `tls` is a second port with the same and
    encryption."""

    def __init__(self, actor, users=None):
        self.jars, self.actor, self.users = jars(), actor, users
        self.dir = tempfile.mkdtemp(prefix='sst-kafka-')
        self.port, self.tls_port, self.control = \
            free_port(), free_port(), free_port()
        self.child = Child(
            ['java', '-Xmx512m', '-Xms64m', '-XX:+UseSerialGC',
             '-XX:TieredStopAtLevel=1', '-cp', self.jars + '/*',
             'kafka.Kafka', 'server.properties'], self.dir, 'broker.log')
        self.children = []
        try:
            self.configure()
            self.start()
        except BaseException:
            self.close()
            raise

    def configure(self):
        lines = [
            'process.roles=broker,controller', 'node.id=1',
            'controller.quorum.voters=1@127.0.0.1:%d' % self.control,
            'controller.listener.names=CONTROLLER',
            'log.dirs=%s/data' % self.dir,
            'offsets.topic.replication.factor=1',
            'offsets.topic.num.partitions=2',
            'transaction.state.log.replication.factor=1',
            'transaction.state.log.min.isr=1',
            'transaction.state.log.num.partitions=1',
            'auto.create.topics.enable=false',
            'group.initial.rebalance.delay.ms=0',
            'message.max.bytes=20000000']
        if self.users is None:
            lines += self.listeners('PLAINTEXT')
        else:
            certificates(self.dir)
            lines += self.listeners('SASL_PLAINTEXT', 'SASL_SSL') + self.login()
        with open(os.path.join(self.dir, 'server.properties'), 'w',
                  encoding='utf-8') as f:
            f.write('\n'.join(lines) + '\n')
        self.format()

    def listeners(self, main, second=None):
        lists = ['%s://127.0.0.1:%d' % (main, self.port)]
        if second:
            lists.append('%s://127.0.0.1:%d' % (second, self.tls_port))
        return ['advertised.listeners=' + ','.join(lists),
                'listeners=%s,CONTROLLER://127.0.0.1:%d' % (
                    ','.join(lists), self.control),
                'inter.broker.listener.name=' + main,
                'listener.security.protocol.map=CONTROLLER:PLAINTEXT,' +
                ','.join('%s:%s' % (n, n) for n in (main, second) if n)]

    def login(self):
        people = dict(self.users, **{ADMIN: ADMIN_PASSWORD})
        plain = ('org.apache.kafka.common.security.plain.PlainLoginModule '
                 'required username="%s" password="%s" %s;' % (
                     ADMIN, ADMIN_PASSWORD, ' '.join(
                         'user_%s="%s"' % p for p in people.items())))
        scram = ('org.apache.kafka.common.security.scram.ScramLoginModule '
                 'required username="%s" password="%s";' % (
                     ADMIN, ADMIN_PASSWORD))
        lines = [
            'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
            'sasl.mechanism.inter.broker.protocol=PLAIN',
            'authorizer.class.name='
            'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
            'super.users=User:%s;User:ANONYMOUS' % ADMIN,
            'ssl.keystore.type=PEM',
            'ssl.keystore.location=%s/store.pem' % self.dir,
            'ssl.truststore.type=PEM',
            'ssl.truststore.location=%s/ca.pem' % self.dir]
        for name in ('sasl_plaintext', 'sasl_ssl'):
            lines += ['listener.name.%s.plain.sasl.jaas.config=%s' % (
                          name, plain),
                      'listener.name.%s.scram-sha-256.sasl.jaas.config=%s' % (
                          name, scram),
                      'listener.name.%s.scram-sha-512.sasl.jaas.config=%s' % (
                          name, scram)]
        return lines

    def format(self):
        argv = ['java', '-cp', self.jars + '/*', 'kafka.tools.StorageTool',
                'format', '-t', 'MkU3OEVBNTcwNTJENDM2Qg', '-c',
                'server.properties']
        for name, password in (self.users or {}).items():
            for how in ('SCRAM-SHA-256', 'SCRAM-SHA-512'):
                argv += ['--add-scram', '%s=[name=%s,password=%s]' % (
                    how, name, password)]
        done = subprocess.run(argv, cwd=self.dir, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)

    def start(self):
        self.child.start()
        try:
            wait_until('the broker answers', self.answers, 90)
        except AssertionError:
            print(self.child.output()[-4000:])
            raise

    def answers(self):
        self.child.runs()
        return self.run('state').returncode == 0

    def kill(self):
        self.child.kill()

    def conf(self):
        lines = ['bootstrap.servers=' + self.address(),
                 # what is refused while it starts is no news
                 'log_level=0']
        if self.users is not None:
            lines += ['security.protocol=sasl_plaintext',
                      'sasl.mechanism=PLAIN', 'sasl.username=' + ADMIN,
                      'sasl.password=' + ADMIN_PASSWORD]
        return '\n'.join(lines) + '\n'

    def address(self):
        return '127.0.0.1:%d' % self.port

    def env(self, **more):
        return dict(os.environ, ACTOR_CONF=self.conf(), **more)

    def run(self, *argv, **env):
        return subprocess.run(
            [self.actor] + [str(a) for a in argv], env=self.env(**env),
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=90, check=False)

    def act(self, *argv, **env):
        """What the helper says; it must succeed."""
        done = self.run(*argv, **env)
        if done.returncode != 0:
            raise AssertionError('%s: %s' % (argv, done.stderr))
        return done.stdout

    def produce(self, topic, partition, count, size=100, *headers, **env):
        self.act('produce', topic, partition, count, size, *headers, **env)

    def consume(self, group, topic, count):
        """A member of the group that has read and committed so many, and
        stays until end() or kill()."""
        child = subprocess.Popen(
            [self.actor, 'consume', group, topic, str(count)], env=self.env(),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.children.append(child)
        if child.stdout.readline() != 'read\n':
            raise AssertionError('the consumer ended')
        return child

    def state(self):
        return sorted(self.act('state').splitlines())

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
            child.stdin.close()
            child.stdout.close()
        self.child.kill()
        shutil.rmtree(self.dir, ignore_errors=True)
