"""Figures: what a scale-out costs, what nothing costs, how fast a task starts, how heavy the functions are.

``make bench`` writes ``build/bench.json`` and prints the same as tables. Keys of the JSON:

``matrix``
    List of scale-outs from zero in an environment with applications. Per entry ``instances``,
    ``applications``, and for ``reconciler`` and ``baseline``: ``calls`` (HTTP calls to Deploy besides
    polling), ``polls``, ``tasks`` (Deploy tasks), ``aws`` (calls to Auto Scaling and EC2) and ``seconds``
    (until everything is in service). Both run against the same in-memory Deploy
    (``tests/runtime/twins``), with the client's own code, on a virtual clock: 20 ms per call, 2 s per task.
    What the baseline does grows by the same amount with every instance, so above ``measured_to`` instances
    that line is continued (``"continued": true``).
``nothing``
    ``unchanged`` and ``superseded``: ``deploy`` and ``aws`` calls (the ledger's included) of a hint that
    finds nothing to do, and of one that a later look has overtaken.
``hint_to_task``
    ``p50``, ``p99``, ``runs``: seconds from the handler's start to the start of the Deploy task for one new
    instance, against the Deploy stand-in over HTTP with 20 ms added to every call; the machine's own time
    is included, the queue's delay is not.
``import``
    Seconds to import ``boto3`` with ``requests`` (``base``) and each handler, and the ``ratio`` of handler
    to base: the median of several fresh interpreters each.
``bundle``
    ``zip_bytes`` of the functions' code with its dependencies, boto3 not among them.
"""
