"""Reads answers of AWS by Java's own XML parser: Jython's needs classes that not every server has."""

from java.io import StringReader
from javax.xml.parsers import DocumentBuilderFactory
from org.xml.sax import InputSource, SAXException


def elements(answer, name):
    """Return the elements of a local name, in order; none if the text is not XML."""
    factory = DocumentBuilderFactory.newInstance()
    factory.setNamespaceAware(True)
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", True)
    builder = factory.newDocumentBuilder()
    builder.setErrorHandler(None)  # which else writes to standard error
    try:
        found = builder.parse(InputSource(StringReader(answer))).getElementsByTagNameNS("*", name)
    except SAXException:
        return []
    return [found.item(number) for number in range(found.getLength())]


def text(element, name):
    """Return the text of a child, None if there is no such child."""
    child = element.getFirstChild()
    while child is not None:
        if child.getLocalName() == name:
            return child.getTextContent()
        child = child.getNextSibling()
    return None
