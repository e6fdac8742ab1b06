"""Tells what the plugin knows about groups; for people who set it up or look for a reason."""

from aws_asg import groups, hosts
from aws_asg.deploy import Deploy
from aws_asg.outcomes import LookAgain, Refused
from aws_asg.transport import Deadline

_SECONDS = 8


def answer(query, repository):
    """Describe every group that has a template, or the one that the query names.

    Parameters
    ----------
    query
        The request's query parameters: maybe ``group``.
    repository
        A `repository.Repository`.

    Returns
    -------
    tuple
        HTTP status and body.
    """
    deadline = Deadline(_SECONDS)
    wanted = query.get("group")
    described = []
    for template in repository.templates():
        if wanted is None or groups.group_name(template) == wanted:
            described.append(_described(template, repository, deadline))
    if wanted is not None and not described:
        return 404, {"reason": "group %s: no %s in Deploy is for it" % (wanted, groups.TEMPLATE_TYPE)}
    return 200, {"groups": described}


def _described(template, repository, deadline):
    found = {"group": groups.group_name(template), "template": template["id"]}
    found.update((name, template[name]) for name in groups.SETTINGS[1:] if name in template)
    try:
        deploy = Deploy(repository.server(template["server"]), deadline)
        environment = deploy.read(template["environment"]) or {}
        tasks = deploy.open_tasks(template["environment"])
        applications = deploy.ids("udm.DeployedApplication", template["environment"])
        found.update(
            members=hosts.references(environment.get("members")),
            applications=applications,
            running=tasks.running,
        )
    except KeyError as missing:
        found["problem"] = "no %s; set it in the template" % missing.args[0]
    except (Refused, LookAgain) as problem:
        found["problem"] = problem.reason
    return found
