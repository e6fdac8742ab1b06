"""Connect from inside a network namespace and hand the socket to the process outside.

Run as a program: ``connector.py DESCRIPTOR HOST PORT``. DESCRIPTOR is an inherited Unix socket; over it goes
the number of the error, and the connected socket when that is 0.
"""

from __future__ import annotations

import errno
import socket
import sys


def main(descriptor: int, host: str, port: int) -> None:
    """Connect and hand over."""
    with socket.socket(fileno=descriptor) as outside:
        try:
            connection = socket.create_connection((host, port))
        except socket.gaierror:
            outside.sendall(bytes([errno.EHOSTUNREACH]))
        except OSError as error:
            outside.sendall(bytes([error.errno or errno.EIO]))
        else:
            with connection:
                socket.send_fds(outside, [b"\0"], [connection.fileno()])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
