"""Deploy's own REST API, by the account of a ``deploy.server`` CI.

Tolerant where the API is not documented: conflicts and references in use are told by looking, not by status.
"""

import base64
import json
import random
import time
import urllib

from aws_asg import answers, hosts, tasks
from aws_asg.outcomes import LookAgain, Refused
from aws_asg.transport import send

_ATTEMPTS = 8
_PERMANENT = {401: "wrong credentials", 402: "no licence", 403: "not permitted"}


class Rejected(Refused):
    """Deploy refused one call; the caller may know why. A fault of the server (5xx) may pass, so 503 then."""

    def __init__(self, call, status, text):
        answered = 503 if status >= 500 else 422
        Refused.__init__(
            self, answered, "Deploy refused %s: %d %s" % (call, status, " ".join(text.split())[:300])
        )


class Deploy(object):
    """The calls that are needed, on one server.

    Parameters
    ----------
    server
        Dict with ``id``, ``url``, ``username`` and ``password`` or ``token``, and maybe ``certificates``.
    deadline
        When the work must have been answered.
    """

    def __init__(self, server, deadline):
        url = server["url"].rstrip("/")
        self._base = url if url.endswith("/deployit") else url + "/deployit"
        self._certificates = server.get("certificates")
        self._deadline = deadline
        self._account = server["id"]
        user, password = (
            ("", server["token"]) if server.get("token") else (server["username"], server["password"])
        )
        login = base64.b64encode(("%s:%s" % (user, password)).encode("utf-8"))
        self._headers = {"Authorization": "Basic " + login}

    def read(self, ci_id):
        """Return a CI as JSON, None if there is none."""
        try:
            return self._call("GET", "/repository/ci/" + _path(ci_id))
        except _Missing:
            return None

    def create(self, ci):
        """Create a CI; return False if it was there."""
        try:
            self._call("POST", "/repository/ci/" + _path(ci["id"]), ci)
        except Rejected:
            if self.read(ci["id"]) is None:
                raise
            return False
        return True

    def change(self, ci_id, changed):
        """Read, change and write back a CI, again when somebody wrote meanwhile; return the change or None.

        Parameters
        ----------
        changed
            Function from the CI to its new form, or to None if nothing is to be done.
        """
        for _ in range(_ATTEMPTS):
            found = self.read(ci_id)
            if found is None:
                raise Refused(422, "%s: no such configuration item in Deploy" % ci_id)
            wanted = changed(found)
            if wanted is None:
                return None
            try:
                return self._call("PUT", "/repository/ci/" + _path(ci_id), wanted)
            except (Rejected, LookAgain):
                now = self.read(ci_id)
                if now is not None and now.get("$token") == found.get("$token"):
                    raise  # not a conflict
            time.sleep(random.uniform(0.02, 0.2))
        raise LookAgain("%s: others keep changing it" % ci_id)

    def delete(self, ci_id):
        """Delete a CI; return False if it was gone."""
        try:
            self._call("DELETE", "/repository/ci/" + _path(ci_id))
        except _Missing:
            return False
        except Rejected as refusal:
            if "still referenced" in refusal.reason:
                raise LookAgain(refusal.reason)
            raise
        return True

    def ids(self, ci_type, parent):
        """Return the ids of the CIs of a type directly under another."""
        query = {"type": ci_type, "parent": parent, "page": "0", "resultsPerPage": "-1"}
        return [found["ref"] for found in self._call("GET", "/repository/query?" + urllib.urlencode(query))]

    def prepare_update(self, deployed_application):
        """Return a Deployment of the version that is there, filled with deployeds for every new member."""
        query = {
            "version": _text(hosts.reference(deployed_application["version"])),
            "deployedApplication": _text(deployed_application["id"]),
        }
        prepared = self._call("GET", "/deployment/prepare/update?" + urllib.urlencode(query))
        return self._call("POST", "/deployment/prepare/deployeds", prepared)

    def validate(self, deployment):
        """Return the Deployment with validation messages."""
        return self._call("POST", "/deployment/validate", deployment)

    def create_task(self, deployment):
        """Make a task of a Deployment and return its id."""
        answer = self._call("POST", "/deployment", deployment)
        return answer["string"] if isinstance(answer, dict) else answer.strip().strip('"')

    def open_tasks(self, environment):
        """Return the open tasks on an environment, sorted by what to do: `tasks.Open`."""
        own = self._call("GET", "/tasks/v2/current")
        return tasks.sort_open(own, self._call("GET", "/tasks/v2/current/all"), environment)

    def state(self, task):
        """Return the state of a task; one that is gone counts as done."""
        try:
            return tasks.state_of(self._call("GET", "/tasks/v2/" + task))
        except _Missing:
            return "DONE"

    def steps(self, task):
        """Return pairs of path and deployed ids of the steps of all blocks of a task.

        Read in XML, where the metadata is attested for every version; JSON has it not in all.
        """
        found = []
        for block in tasks.leaf_blocks(self._call("GET", "/tasks/v2/" + task)["block"]):
            answer = self._call("GET", "/tasks/v2/%s/block/%s/step" % (task, block), accept="application/xml")
            for number, step in enumerate(answers.elements(answer, "step"), 1):
                deployeds = [
                    text
                    for metadata in answers.children(step, "metadata")
                    for name, text in answers.texts(metadata)
                    if name.startswith("deployed_")
                ]
                found.append(("%s_%d" % (block, number), deployeds))
        return found

    def skip(self, task, paths):
        """Mark steps of a task to be skipped."""
        self._call("POST", "/tasks/v2/%s/skip" % task, paths)

    def start(self, task):
        """Start a task."""
        self._call("POST", "/tasks/v2/%s/start" % task)

    def archive(self, task):
        """File a finished task; one that is gone already is as good."""
        self._settle("POST", "/tasks/v2/%s/archive" % task)

    def cancel(self, task):
        """Give up a task that does not run; one that is gone already is as good."""
        self._settle("DELETE", "/tasks/v2/" + task)

    def _settle(self, method, path):
        try:
            self._call(method, path)
        except _Missing:
            pass

    def _call(self, method, path, body=None, accept="application/json"):
        headers = dict(self._headers, Accept=accept)
        if method in ("POST", "PUT"):
            headers = dict(headers, **{"Content-Type": "application/json"})
        text = None if body is None else json.dumps(body)
        answer = send(method, self._base + path, headers, text, self._deadline, self._certificates)
        call = "%s %s" % (method, path.partition("?")[0])
        if answer.status in (200, 201, 204):
            return _parsed(answer.text) if accept == "application/json" else answer.text
        if answer.status == 404 or ("Repository entity" in answer.text and "not found" in answer.text):
            raise _Missing(call, answer.status, answer.text)
        if answer.status in _PERMANENT:
            told = (self._account, _PERMANENT[answer.status], call, " ".join(answer.text.split())[:300])
            raise Refused(422, "account of %s: %s: %s %s" % told)
        if answer.status in (408, 429, 502, 503, 504):
            raise LookAgain("Deploy is not available: %d at %s" % (answer.status, call))
        raise Rejected(call, answer.status, answer.text)


class _Missing(Rejected):
    """No such CI or task."""


def _parsed(text):
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def _text(value):
    return value.encode("utf-8")


def _path(ci_id):
    return urllib.quote(_text(ci_id))
