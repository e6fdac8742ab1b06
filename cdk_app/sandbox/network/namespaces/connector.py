"""Connect from inside a network namespace and hand the socket to the process outside.

Run as a program: ``connector.py DESCRIPTOR HOST PORT``. DESCRIPTOR is an inherited Unix socket; over it goes
the number of the error, `UNKNOWN_HOST` for a name that nobody knows, or 0 and the connected socket.
"""

from __future__ import annotations

import errno
import socket
import sys

UNKNOWN_HOST = 255


def main(descriptor: int, host: str, port: int) -> None:
    """Connect and hand over."""
    with socket.socket(fileno=descriptor) as outside:
        try:
            connection = socket.create_connection((host, port))
        except socket.gaierror:
            outside.sendall(bytes([UNKNOWN_HOST]))
        except OSError as error:
            outside.sendall(bytes([error.errno or errno.EIO]))
        else:
            with connection:
                socket.send_fds(outside, [b"\0"], [connection.fileno()])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
