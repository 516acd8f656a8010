"""`make ui` asks first whether its port is free."""

import socket

from pipeline.orchestration.instance import is_taken


def test_a_port_is_taken_while_somebody_listens_on_it() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        assert not is_taken(port)
        listening.listen()
        assert is_taken(port)
    assert not is_taken(port)
