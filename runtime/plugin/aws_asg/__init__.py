"""What the plugin does inside Digital.ai Deploy when an Auto Scaling group changes. Python 2.7 (Jython).

Decisions are pure functions in ``events``, ``instances``, ``groups``, ``hosts``, ``deployments``, ``tasks``
and ``signing``; ``transport``, ``aws``, ``deploy`` and ``repository`` talk; ``convergence`` orders it all;
``event_endpoint`` and ``status_endpoint`` are the scripts that Deploy runs.
"""
