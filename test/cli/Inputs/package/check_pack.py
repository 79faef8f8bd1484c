"""Checks the description of a CMSIS-Pack: what its schema demands is there, and so is each file."""
import os
import sys
from xml.etree import ElementTree

folder, name = sys.argv[1:]
package = ElementTree.parse(os.path.join(folder, f"glmc.{name}.pdsc")).getroot()
assert package.tag == "package" and package.get("schemaVersion"), package.attrib
assert [child.tag for child in package] == ["vendor", "name", "description", "url", "releases", "components"]
assert package.findtext("vendor") == "glmc" and package.findtext("name") == name
assert package.find("releases/release").get("version") == "1.0.0"
component = package.find("components/component")
assert {"Cclass", "Cgroup", "Csub", "Cversion"} <= set(component.attrib) and component.findtext("description")
files = component.findall("files/file")
for file in files:
    assert os.path.isfile(os.path.join(folder, file.get("name"))), file.get("name")
print(" ".join(file.get("category") for file in files))
