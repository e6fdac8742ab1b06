"""How a request ends when it does not simply succeed."""


class Refused(Exception):
    """Repeating the request will not help: answered with a 4xx status, which EventBridge dead-letters."""

    def __init__(self, status, reason):
        Exception.__init__(self, reason)
        self.status = status
        self.reason = reason


class LookAgain(Exception):
    """Not there yet: answered with 503, so that EventBridge brings the event again."""

    def __init__(self, reason):
        Exception.__init__(self, reason)
        self.reason = reason
