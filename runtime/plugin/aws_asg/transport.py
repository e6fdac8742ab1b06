"""HTTP by Java's own client: one per set of trusted certificates, so that connections are used again.

``java.net.http`` (Java 11 and later) checks certificates and host names, and repeats no POST by itself, as
the older ``HttpURLConnection`` does.
"""

from collections import namedtuple

from java.io import ByteArrayInputStream, IOException
from java.lang import String, System
from java.net import URI
from java.net.http import HttpClient, HttpRequest, HttpResponse
from java.security import KeyStore
from java.security.cert import CertificateException, CertificateFactory
from java.time import Duration
from java.util.concurrent import ConcurrentHashMap
from javax.net.ssl import SSLContext, SSLException, TrustManagerFactory

from aws_asg.outcomes import LookAgain, Refused

CONNECT_SECONDS = 3
_LEAST_SECONDS = 0.2

_HUNG_UP = "Remote host terminated"
"""Java's words when a connection is closed during TLS, as by a proxy whose server is away: no other sign."""

_clients = ConcurrentHashMap()

Answer = namedtuple("Answer", ["status", "text"])


class Deadline(object):
    """The time by which a request must have been answered."""

    def __init__(self, seconds):
        self._end = System.nanoTime() + int(seconds * 1e9)

    def left(self):
        """Return the seconds that are left, negative when it has passed."""
        return (self._end - System.nanoTime()) / 1e9


def send(method, url, headers, body, deadline, certificates=None):
    """Send one request and return the `Answer`, whatever its status.

    Parameters
    ----------
    body
        Text or None.
    deadline
        The call is given up when it passes.
    certificates
        PEM certificates of authorities to trust instead of Java's own, or None.

    Raises
    ------
    LookAgain
        Without an answer in time.
    Refused
        422 if the server's certificate is not trusted, or it speaks no TLS.
    """
    where = "%s %s" % (method, URI.create(url).getAuthority())
    if deadline.left() < _LEAST_SECONDS:
        raise LookAgain("no time left for %s" % where)
    request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofMillis(int(deadline.left() * 1000)))
    for name in headers:
        request.header(name, headers[name])
    publishers = HttpRequest.BodyPublishers
    request.method(method, publishers.noBody() if body is None else publishers.ofString(body))
    try:
        answer = _client(certificates).send(request.build(), HttpResponse.BodyHandlers.ofString())
    except IOException as error:
        if isinstance(error, SSLException) and _HUNG_UP not in (error.getMessage() or ""):
            told = (where, error.getMessage())
            raise Refused(422, "%s: %s; see the certificates of the deploy.server" % told)
        raise LookAgain("no answer to %s: %s" % (where, error.getClass().getSimpleName()))
    return Answer(answer.statusCode(), answer.body())


def _client(certificates):
    found = _clients.get(certificates or "")
    if found is None:
        builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(CONNECT_SECONDS))
        builder.version(HttpClient.Version.HTTP_1_1)
        if certificates:
            builder.sslContext(_trusting(certificates))
        _clients.putIfAbsent(certificates or "", builder.build())
        found = _clients.get(certificates or "")
    return found


def _trusting(certificates):
    store = KeyStore.getInstance(KeyStore.getDefaultType())
    store.load(None, None)
    try:
        pem = ByteArrayInputStream(String(certificates).getBytes("US-ASCII"))
        for number, certificate in enumerate(
            CertificateFactory.getInstance("X.509").generateCertificates(pem)
        ):
            store.setCertificateEntry("authority-%d" % number, certificate)
    except CertificateException:
        raise Refused(422, "certificates of the deploy.server: expected certificates in PEM")
    trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm())
    trust.init(store)
    context = SSLContext.getInstance("TLS")
    context.init(None, trust.getTrustManagers(), None)
    return context
