"""Brings Deploy to what the group needs of one instance, as far as that is possible within one request.

An event is answered with 200 only when the instance's host is in place with every application, or is gone.
Until then the answer is 503, and EventBridge's retry is the next look. So nothing is kept between requests,
and a restart of Deploy, a conflict or a person's deployment only costs time.
"""

import time

from java.util.concurrent import ConcurrentHashMap, Semaphore, TimeUnit
from java.util.concurrent.locks import ReentrantLock

from aws_asg import deployments, hosts, instances, tasks
from aws_asg.aws import Aws
from aws_asg.deploy import Deploy
from aws_asg.events import read_event
from aws_asg.groups import choose
from aws_asg.outcomes import LookAgain, Refused
from aws_asg.transport import Deadline

AT_ONCE = 4
"""Events handled at one time: each makes calls to this same server, which has 24 HTTP threads by default.
Were they all taken by events, no call could be answered."""

SLOT_SECONDS = 1
ANSWER_SECONDS = 8
TASK_SECONDS = 3
_POLL_SECONDS = 0.1

_slots = Semaphore(AT_ONCE)
_locks = ConcurrentHashMap()


def answer(body, repository):
    """Handle one event.

    Parameters
    ----------
    body
        The request's parsed JSON.
    repository
        A `repository.Repository`.

    Returns
    -------
    tuple
        HTTP status and body: ``done`` (texts), ``tasks`` (ids and states of those started), and for any other
        status than 200 the ``reason``.
    """
    if not _slots.tryAcquire(SLOT_SECONDS, TimeUnit.SECONDS):
        return 503, {"reason": "%d events are being handled" % AT_ONCE}
    try:
        return _handled(body, repository)
    finally:
        _slots.release()


def _handled(body, repository):
    done = {"done": [], "tasks": []}
    try:
        event = read_event(body)
        deadline = Deadline(ANSWER_SECONDS)
        group = choose(repository.templates(), event)
        cloud = repository.cloud(group.cloud)
        aws = Aws(cloud["accesskey"], cloud["accessSecret"], group.region, deadline)
        instance = aws.look_at(group.name, event.instance)
        done.update(group=group.name, instance=instance.id, state=instance.state)
        deploy = Deploy(repository.server(group.server), deadline)
        Convergence(aws, deploy, group, deadline, done).converge(instance)
    except Refused as refusal:
        return refusal.status, dict(done, reason=refusal.reason)
    except LookAgain as unfinished:
        return 503, dict(done, reason=unfinished.reason)
    return 200, done


class Convergence(object):
    """One group's part of Deploy.

    Parameters
    ----------
    aws, deploy
        The `aws.Aws` to ask and the `deploy.Deploy` to work on.
    group
        The `groups.Group`.
    deadline
        When the request must have been answered.
    report
        Dict that collects what was done.
    """

    def __init__(self, aws, deploy, group, deadline, report):
        self._aws = aws
        self._deploy = deploy
        self._group = group
        self._deadline = deadline
        self._report = report

    def converge(self, instance):
        """Do for one instance what its state asks for."""
        if instance.place == instances.ARRIVES:
            raise LookAgain("the instance is %s" % instance.state)
        if instance.place == instances.STAYS:
            self._register(instance)
            self._alone(self._update_applications)
        elif instance.place == instances.LEAVES:
            host = hosts.host_id(self._group, instance.id)
            if self._deploy.read(host) is not None:
                self._change_members(
                    lambda environment: hosts.without_member(environment, host), "left", host
                )
                self._alone(lambda: self._remove(host))

    def _register(self, instance):
        if not instance.address:
            raise LookAgain("the instance has no private address yet")
        host = hosts.host(self._group, instance)
        if self._deploy.create(host):
            self._did("created", host["id"])
        self._change_members(
            lambda environment: hosts.with_member(environment, host["id"]), "joined", host["id"]
        )

    def _change_members(self, changed, verb, host):
        if self._deploy.change(self._group.environment, changed) is not None:
            self._did("%s %s:" % (verb, self._group.environment), host)

    def _alone(self, work):
        # Of two tasks for one application the later would repeat what the earlier has not registered yet.
        # Other nodes of a cluster do not see the lock: there the look at the open tasks must do.
        _locks.putIfAbsent(self._group.environment, ReentrantLock())
        lock = _locks.get(self._group.environment)
        if not lock.tryLock(int(max(0, self._deadline.left() - 1) * 1000), TimeUnit.MILLISECONDS):
            raise LookAgain("another event is being handled on %s" % self._group.environment)
        try:
            work()
        finally:
            lock.unlock()

    def _remove(self, host):
        self._update_applications()
        if self._deploy.delete(host):
            self._did("deleted", host)

    def _update_applications(self):
        """Deploy what the group's hosts lack, undeploy from those that left; one task an application."""
        environment = self._group.environment
        found = self._deploy.open_tasks(environment)
        for task in found.to_archive:
            self._deploy.archive(task)
        if found.running:
            raise LookAgain("on %s runs task %s" % (environment, ", ".join(found.running)))
        for task in found.to_cancel:
            self._deploy.cancel(task)
            self._did("cancelled", "task " + task)
        members = hosts.references((self._deploy.read(environment) or {}).get("members"))
        started = []
        for deployed_application in self._deploy.ids("udm.DeployedApplication", environment):
            task = self._update(deployed_application, members)
            if task is not None:
                started.append(task)
        self._finish(started)

    def _update(self, deployed_application, members):
        current = self._deploy.read(deployed_application)
        if current is None:
            return None
        start = hosts.prefix(self._group)
        prepared = self._deploy.prepare_update(current)
        departed = deployments.departed(current, members, start)
        wanted = deployments.with_own_hosts(prepared, current, start, departed)
        if not deployments.changes(wanted, current):
            return None
        errors = deployments.errors_in(self._deploy.validate(wanted))
        if errors:
            raise Refused(422, "%s: %s" % (deployed_application, "; ".join(errors)[:300]))
        task = self._deploy.create_task(wanted)
        losing = deployments.losing(wanted, current, start)
        if losing:
            self._skip_dead(task, dict((hosts.instance_of(host, start), host) for host in losing))
        self._deploy.start(task)
        entry = {"id": task, "application": deployed_application, "state": "STARTED"}
        self._report["tasks"].append(entry)
        return entry

    def _skip_dead(self, task, losing):
        """Skip what cannot run on machines that are gone; the step that registers the result still runs.

        Parameters
        ----------
        losing
            Hosts by instance id.
        """
        try:
            dead = [losing[instance_id] for instance_id in self._aws.dead(sorted(losing))]
            paths = deployments.steps_of(self._deploy.steps(task), dead) if dead else []
            if paths:
                self._deploy.skip(task, paths)
        except Refused:
            self._deploy.cancel(task)
            raise

    def _finish(self, started):
        waiting = Deadline(min(TASK_SECONDS, self._deadline.left() - 1))
        for entry in started:
            entry["state"] = self._deploy.state(entry["id"])
            while tasks.is_running(entry["state"]) and waiting.left() > 0:
                time.sleep(_POLL_SECONDS)
                entry["state"] = self._deploy.state(entry["id"])
            if entry["state"] == tasks.EXECUTED:
                self._deploy.archive(entry["id"])
        unfinished = [
            "%s is %s" % (entry["id"], entry["state"])
            for entry in started
            if entry["state"] not in tasks.FINISHED
        ]
        if unfinished:
            raise LookAgain("task %s" % ", ".join(unfinished))

    def _did(self, what, ci_id):
        self._report["done"].append("%s %s" % (what, ci_id))
