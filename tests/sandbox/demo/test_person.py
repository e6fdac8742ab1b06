from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree as ET

from cdk_app.sandbox.demo.person import Application


def test_the_archive_holds_a_manifest_the_file_and_a_command() -> None:
    application = Application("shop", "1.0", "hello\n")
    with zipfile.ZipFile(io.BytesIO(application.archive())) as archive:
        manifest = ET.fromstring(archive.read("deployit-manifest.xml"))  # noqa: S314  # our own text
        file = manifest.find("deployables/file.File")
        assert file is not None
        assert archive.read(file.attrib["file"]) == b"hello\n"
    assert manifest.attrib == {"version": "1.0", "application": "shop"}
    assert manifest.findtext("deployables/cmd.Command/commandLine") == "echo 1.0 >> shop.journal"
