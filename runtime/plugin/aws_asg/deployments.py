"""What an update of a deployed application has to change, and which of its steps cannot be run."""

from aws_asg.hosts import instance_of, reference, references


def is_on(deployed_id, container):
    """Tell whether a deployed's id lies under a container's."""
    return deployed_id.startswith(container + "/")


def departed(deployed_application, members, start):
    """Return the ids of a group's hosts that have deployeds of an application but are no members any more.

    All of them, not only the event's: a server may take the deployeds of each of them in any update, and then
    plan steps on machines that are gone.

    Parameters
    ----------
    deployed_application
        The CI, whose ``deployeds`` are what is deployed now.
    members
        Ids of the members of its environment.
    start
        What the ids of the group's hosts begin with: `hosts.prefix`.
    """
    containers = set(each.rpartition("/")[0] for each in references(deployed_application.get("deployeds")))
    return sorted(each for each in containers if instance_of(each, start) and each not in members)


def with_own_hosts(deployment, deployed_application, start, leaving):
    """Return a filled Deployment reduced to what the group's events may change.

    Parameters
    ----------
    deployment
        Answer of ``prepare/deployeds``: what is mapped now, and deployeds for every new member.
    deployed_application
        The CI, whose ``deployeds`` are what is deployed now.
    start
        What the ids of the group's hosts begin with. New deployeds elsewhere are dropped: those hosts are
        other people's.
    leaving
        Ids of the hosts that lose their deployeds.
    """
    recorded = set(references(deployed_application.get("deployeds")))
    kept = []
    for deployed in deployment.get("deployeds") or ():
        container = reference(deployed.get("container")) or deployed["id"].rpartition("/")[0]
        if container not in leaving and (instance_of(container, start) or deployed["id"] in recorded):
            kept.append(deployed)
    return dict(deployment, deployeds=kept)


def changes(deployment, deployed_application):
    """Return the ids of the deployeds that a Deployment would add or remove, sorted."""
    wanted = set(deployed["id"] for deployed in deployment["deployeds"])
    return sorted(wanted ^ set(references(deployed_application.get("deployeds"))))


def losing(deployment, deployed_application, start):
    """Return the ids of a group's hosts that a Deployment takes deployeds from, sorted.

    Told from the Deployment itself: meanwhile further hosts may have left the environment.
    """
    wanted = set(deployed["id"] for deployed in deployment["deployeds"])
    removed = set(references(deployed_application.get("deployeds"))) - wanted
    containers = set(each.rpartition("/")[0] for each in removed)
    return sorted(each for each in containers if instance_of(each, start))


def steps_of(steps, containers):
    """Return the paths of the steps that work on some containers only.

    Parameters
    ----------
    steps
        Pairs of path and ids of the deployeds that the step is for.
    containers
        Ids of the hosts.
    """
    return [
        path
        for path, deployeds in steps
        if deployeds and all(any(is_on(each, host) for host in containers) for each in deployeds)
    ]


def errors_in(deployment):
    """Return validation messages that forbid a Deployment: of level ERROR, or of none that we know."""
    found = []
    for deployed in [deployment] + list(deployment.get("deployeds") or ()):
        for key in ("validation-messages", "validationMessages", "validations"):
            for message in deployed.get(key) or ():
                if str(message.get("level", "ERROR")).upper() not in ("WARNING", "INFO"):
                    found.append("%s: %s" % (deployed.get("id"), message.get("message")))
    return found
