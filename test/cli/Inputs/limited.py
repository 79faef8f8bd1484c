"""Runs a command in so many megabytes of anonymous memory: limited.py MB COMMAND..."""
import os
import resource
import sys

# Private memory that can be written; files that are mapped to be read are none.
limit = int(sys.argv[1]) << 20
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
os.execvp(sys.argv[2], sys.argv[2:])
