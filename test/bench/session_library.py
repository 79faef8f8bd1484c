"""Makes a shared library of a stateful program that `glmc compile` wrote, whose
names do not depend on the prefix, for peer_session.py."""

import os

from glue import execute

source = """#include "{prefix}.h"
const int64_t session_context_bytes = sizeof({prefix}_context);
const int64_t session_context_tokens = {macro}_CONTEXT_TOKENS, session_vocabulary = {macro}_VOCABULARY;
int session_init({prefix}_context *context, const void *weights, int64_t bytes) {{ {unused}return {prefix}_init({init}); }}
int session_prefill({prefix}_context *context, const int64_t *tokens, int64_t count, float *logits) {{
  return {prefix}_prefill(context, tokens, count, logits);
}}
int session_decode({prefix}_context *context, int64_t token, float *logits) {{
  return {prefix}_decode(context, token, logits);
}}
int64_t session_length(const {prefix}_context *context) {{ return {prefix}_length(context); }}
int session_reset({prefix}_context *context) {{ return {prefix}_reset(context); }}
int session_rollback({prefix}_context *context, int64_t count) {{ return {prefix}_rollback(context, count); }}
int64_t session_snapshot_bytes(const {prefix}_context *context) {{ return {prefix}_snapshot_bytes(context); }}
int session_snapshot(const {prefix}_context *context, void *buffer, int64_t bytes) {{
  return {prefix}_snapshot(context, buffer, bytes);
}}
int session_restore({prefix}_context *context, const void *buffer, int64_t bytes) {{
  return {prefix}_restore(context, buffer, bytes);
}}
const char *session_status_text(int status) {{ return {prefix}_status_text(status); }}
"""


def make_session_library(base):
    """BASE.so of BASE.o and BASE.h."""
    folder, prefix = os.path.split(base)
    with open(base + ".h", encoding="utf-8") as file:
        is_apart = f"{prefix}_init({prefix}_context *context, const void *weights" in file.read()
    text = source.format(prefix=prefix, macro=prefix.upper(), unused="" if is_apart else "(void)weights; (void)bytes; ",
                         init="context, weights, bytes" if is_apart else "context")
    with open(base + ".session.c", "w", encoding="utf-8") as file:
        file.write(text)
    execute(["cc", "-std=c11", "-O2", "-fPIC", "-I", folder, "-c", base + ".session.c", "-o", base + ".session.o"])
    execute(["cc", "-shared", "-Wl,-Bsymbolic", base + ".session.o", base + ".o", "-o", base + ".so", "-pthread", "-lm"])
    return base + ".so"
