"""Finds Jython on this machine: the standalone jar of ``make install``, else Debian's package."""

from __future__ import annotations

import shutil
from pathlib import Path

_STANDALONE = Path(__file__).parents[4] / ".cache" / "jython"
_DEBIAN_JAR = Path("/usr/share/java/jython.jar")
_DEBIAN_HOME = Path("/usr/share/jython")
_MAIN = "org.python.util.jython"


class NoJythonError(RuntimeError):
    """There is no Jython; the text says what to install."""


def find_jython() -> tuple[str, ...]:
    """Return the command that starts Jython on this machine, up to the script; it leaves no bytecode behind.

    Raises
    ------
    NoJythonError
        When there is no Java, or no Jython.
    """
    java = shutil.which("java")
    if java is None:
        raise NoJythonError("no java on the path; endpoint scripts of plugins need Java 11 or later")
    # Small and quick to start: scripts run for milliseconds.
    start = (java, "-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Dpython.cachedir.skip=true")
    for jar in sorted(_STANDALONE.glob("jython-standalone-*.jar")):
        return (*start, "-cp", str(jar), _MAIN, "-B")
    if _DEBIAN_JAR.is_file():
        home = f"-Dpython.home={_DEBIAN_HOME}"
        return (*start, home, "-cp", str(_DEBIAN_JAR), _MAIN, "-B")
    raise NoJythonError(
        "no Jython: neither the jar that `make install` takes from Maven Central where mvn is present, "
        "nor Debian's package `jython`"
    )
