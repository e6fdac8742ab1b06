"""What an update of a deployed application has to change, and which of its steps cannot be run."""

from aws_asg.hosts import reference, references


def is_on(deployed_id, container):
    """Tell whether a deployed's id lies under a container's."""
    return deployed_id.startswith(container + "/")


def with_own_hosts(deployment, deployed_application, infrastructure, leaving):
    """Return a filled Deployment reduced to what the group's events may change.

    Parameters
    ----------
    deployment
        Answer of ``prepare/deployeds``: what is mapped now, and deployeds for every new member.
    deployed_application
        The CI, whose ``deployeds`` are what is deployed now.
    infrastructure
        Directory of the group's hosts. New deployeds elsewhere are dropped: those hosts are other people's.
    leaving
        Id of the host that loses its deployeds, or None.
    """
    recorded = set(references(deployed_application.get("deployeds")))
    kept = []
    for deployed in deployment.get("deployeds") or ():
        container = reference(deployed.get("container")) or deployed["id"].rpartition("/")[0]
        ours = is_on(container, infrastructure)
        if container != leaving and (ours or deployed["id"] in recorded):
            kept.append(deployed)
    return dict(deployment, deployeds=kept)


def changes(deployment, deployed_application):
    """Return the ids of the deployeds that a Deployment would add or remove, sorted."""
    wanted = set(deployed["id"] for deployed in deployment["deployeds"])
    return sorted(wanted ^ set(references(deployed_application.get("deployeds"))))


def steps_of(steps, container):
    """Return the paths of the steps that work on one container only.

    Parameters
    ----------
    steps
        Pairs of path and ids of the deployeds that the step is for.
    container
        Id of the host.
    """
    return [
        path for path, deployeds in steps if deployeds and all(is_on(each, container) for each in deployeds)
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
