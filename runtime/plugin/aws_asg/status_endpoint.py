"""``GET /aws/asg/status[?group=NAME]``: known groups, and what Deploy holds for them.

Deploy binds ``request``, ``response`` and ``repositoryService``.
"""

from aws_asg.repository import Repository
from aws_asg.status import answer

response.statusCode, response.entity = answer(request.query, Repository(repositoryService))
