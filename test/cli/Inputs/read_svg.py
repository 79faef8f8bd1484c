"""Prints the elements of an SVG and their texts; fails if it is not well-formed
or refers to anything outside itself."""

import sys
import xml.etree.ElementTree as tree

for element in tree.parse(sys.argv[1]).getroot().iter():
    for name in element.attrib:
        assert "href" not in name and not name.startswith("on"), name
    print(element.tag.removeprefix("{http://www.w3.org/2000/svg}"), (element.text or "").strip())
