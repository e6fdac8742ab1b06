"""Figures: what a scale-out costs, what nothing costs, how soon a task starts, how heavy the functions are.

``make bench`` measures, writes ``build/bench.json``, prints the same as tables, and ends with 1 if one of
the reconciler's targets is missed. Deploy is the stand-in, over HTTP on the loopback interface; Auto
Scaling, EC2 and DynamoDB are the twins in memory (``tests/runtime/twins``). Both answer 20 ms late
(`site.CALL_SECONDS`), whoever asks. What is deployed is registered on its host without a step there: steps
would take as long whoever asks for them. Keys of the JSON:

``matrix``
    List of scale-outs in an environment with applications and no hosts. Per entry ``instances``,
    ``applications``, and for ``reconciler`` (all launched at once, one hint) and ``baseline`` (one event
    after the other, `baseline.on_launch`):

    ``calls``, ``polls``
        HTTP calls to Deploy by the stand-in's journal: besides polling, and looks at one task.
    ``tasks``
        Deploy tasks.
    ``aws``
        Calls to Auto Scaling, EC2 and DynamoDB, cut as these services demand; the baseline uses no table.
    ``seconds``
        Until every instance is in service.
    ``endpoints``
        The calls by endpoint; of the reconciler only.
    ``measured_to``, ``continued``
        Launches that were measured, and whether the figures are those, continued in proportion
        (``"continued": true``). The calls per launch are always the same, so they are what would have been
        measured; the seconds are not less, as the server takes longer the more hosts there are. Measuring
        ends after `matrix.BASELINE_INSTANCES` launches or `matrix.BASELINE_SECONDS` s.
``nothing``
    ``unchanged`` and ``superseded``: ``deploy`` and ``aws`` calls of a hint that finds nothing to do (10
    instances, 3 applications), and of one that a later look has overtaken.
``hint_to_task``
    ``p50``, ``p99``, ``runs``: seconds from the handler's call with one SQS message about one new instance
    to the start of the Deploy task by the server's clock. The queue's delay is not in it, nor what the
    server itself needed for the calls before; the 20 ms of each call are. The container is warm.
``import``
    ``seconds`` to import ``boto3`` with ``requests`` (``base``) and each handler in a fresh interpreter, and
    the ``ratio`` of handler to base: medians over rounds that import both in turn. Files and bytecode are
    in the machine's cache.
``synthesis``
    ``seconds`` until ``cdk synth`` of the smallest app that CDK synthesizes (``smallest``: one queue) and of
    ``app.py`` with its defaults (``app``) ends, with the feature flags of ``cdk.json``, and the ``ratio`` of
    app to smallest; ``processor`` and ``processor_ratio`` likewise of the processor time of all processes
    without the CDK CLI. Medians over rounds that synthesize both in turn, with warm caches.
``bundle``
    ``zip_bytes`` of the functions' code with its dependencies, boto3 not among them.
``targets``
    List of ``subject``, ``limit``, ``measured``, ``held``.
"""
