"""Public SSM parameters of Amazon Linux 2023 images, so that an unmodified template finds its image.

MiniStack serves the two for x86_64 that existed when it was written and refuses ``/aws/...`` names in
``PutParameter``.
"""

from __future__ import annotations

import hashlib

from cdk_app.sandbox.cloud.names import names

ssm = names("services.ssm", stores=("_PUBLIC_AMI_PARAMETERS",))

KERNELS = ("default", "6.1", "6.12", "6.18")
ARCHITECTURES = ("arm64", "x86_64")
EDITIONS = ("al2023-ami", "al2023-ami-minimal")


def image_parameters() -> dict[str, str]:
    """Return parameter name → image id; the ids are made up but stable."""
    names_of_images = [
        f"/aws/service/ami-amazon-linux-latest/{edition}-kernel-{kernel}-{architecture}"
        for edition in EDITIONS
        for kernel in KERNELS
        for architecture in ARCHITECTURES
    ]
    return {name: f"ami-{hashlib.sha256(name.encode()).hexdigest()[:17]}" for name in names_of_images}


def install() -> None:
    """Add the parameters that are missing."""
    for name, image in image_parameters().items():
        ssm._PUBLIC_AMI_PARAMETERS.setdefault(name, image)
