"""``POST /aws/asg/event``: an Auto Scaling event, pushed by EventBridge through API Gateway.

Deploy binds ``request``, ``response`` and ``repositoryService``.
"""

from aws_asg.convergence import answer
from aws_asg.repository import Repository

response.statusCode, response.entity = answer(request.entity, Repository(repositoryService))
