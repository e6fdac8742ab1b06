"""Reads answers in XML by Java's own parser: Jython's needs classes that not every server has."""

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
    for child in children(element, name):
        return child.getTextContent()
    return None


def texts(element):
    """Return pairs of name and text of all children."""
    return [(child.getLocalName(), child.getTextContent()) for child in children(element)]


def children(element, name=None):
    """Return the elements directly below one, those of a local name if it is given."""
    found = []
    child = element.getFirstChild()
    while child is not None:
        if child.getLocalName() is not None and name in (None, child.getLocalName()):
            found.append(child)
        child = child.getNextSibling()
    return found
