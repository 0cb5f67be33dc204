"""The jobs of the test: what a worker imports."""


def wait(path, *_):
    """Runs until somebody writes into the named pipe."""
    with open(path, encoding='utf-8') as gate:
        gate.read()


def quick(*_):
    """Is done at once."""


def fail(path, *_):
    """Fails when it is let go."""
    wait(path)
    raise RuntimeError('tool failed')


def flaky(*_):
    """Always fails."""
    raise OSError('model is overloaded')
