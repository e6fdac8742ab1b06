"""Finds the group that an event is about among the host templates in Deploy."""

from collections import namedtuple

from aws_asg.outcomes import Refused

TEMPLATE_TYPE = "aws.asg.ec2SshHostTemplate"

SETTINGS = ("autoScalingGroup", "account", "region", "environment", "infrastructure", "server", "cloud")
"""Properties of a template that say where its hosts belong; hosts do not get them."""

Group = namedtuple(
    "Group", ["name", "template", "environment", "infrastructure", "server", "cloud", "region"]
)
"""A group as its template describes it: ids of CIs, except ``name``, ``region`` and the dict ``template``."""


def choose(templates, event):
    """Return the `Group` of an event.

    Parameters
    ----------
    templates
        All template CIs as dicts of their set properties, with ``id``.
    event
        The event; without account and region, the template alone decides.

    Raises
    ------
    Refused
        404 if no template is for this group, 409 if several are, 422 if the one lacks what is needed.
    """
    fitting = [template for template in templates if _fits(template, event)]
    if not fitting:
        raise Refused(404, "group %s: no %s in Deploy is for it" % (_named(event), TEMPLATE_TYPE))
    if len(fitting) > 1:
        ids = ", ".join(sorted(template["id"] for template in fitting))
        raise Refused(409, "group %s: several templates are for it: %s" % (_named(event), ids))
    template = fitting[0]
    region = template.get("region") or event.region
    missing = [
        name for name in ("environment", "infrastructure", "server", "cloud") if not template.get(name)
    ]
    if not region:
        missing.append("region")
    if missing:
        raise Refused(422, "template %s: no %s; set it there" % (template["id"], ", ".join(missing)))
    return Group(
        group_name(template),
        template,
        template["environment"],
        template["infrastructure"],
        template["server"],
        template["cloud"],
        region,
    )


def group_name(template):
    """Return the name of a template's group: its property, else the template's own name."""
    return template.get("autoScalingGroup") or template["id"].rpartition("/")[2]


def _fits(template, event):
    if group_name(template) != event.group:
        return False
    return all(
        wanted is None or not template.get(name) or template[name] == wanted
        for name, wanted in (("account", event.account), ("region", event.region))
    )


def _named(event):
    place = "/".join(part for part in (event.account, event.region) if part)
    return "%s in %s" % (event.group, place) if place else event.group
