//===- SessionText.cpp - The functions of a stateful program, as text -------===//
#include "codegen/source/SessionText.h"

#include "codegen/ContextLayout.h"
#include "codegen/SessionLayout.h"
#include "codegen/source/RuntimePieces.h"

#include <cctype>
#include <sstream>

namespace glmc::source {

namespace {

/// Puts `prefix` for every "P_" that begins a name, and its upper case for "M_".
std::string named(const std::string &text, const EmitOptions &options) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = i == 0 || !(std::isalnum((unsigned char)text[i - 1]) || text[i - 1] == '_');
    if (begins && (text.compare(i, 2, "P_") == 0 || text.compare(i, 2, "M_") == 0)) {
      out += (text[i] == 'P' ? options.prefix : macroPrefix(options)) + "_";
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// The whole of a comment of the header.
std::string comment(const std::string &text) {
  std::string lines = commentLines(text, "   ");
  lines.replace(0, 3, "/* ");
  lines.insert(lines.size() - 1, " */");
  return lines;
}

/// "1, 16 and 128".
std::string stepSizes(const Program &program) {
  std::string text;
  const std::vector<SessionStep> &steps = program.session->steps;
  for (size_t i = 0; i < steps.size(); ++i)
    text += (i == 0 ? "" : i + 1 == steps.size() ? " and " : ", ") + std::to_string(steps[i].tokens);
  return text;
}

/// What a comment says of the steps.
std::string cutting(const Program &program, const SessionTable &table) {
  if (program.session->steps.size() == 1)
    return "the model was compiled for 1 token at a time";
  return "the model was compiled for " + stepSizes(program) + " tokens at a time" +
         (table.padding ? ", and the last piece may be padded, which changes nothing" : "");
}

const char *const usage = R"(/* A session: the model takes tokens, one after another, and its context keeps what it
   needs of them. Positions count from 0; M_CONTEXT_TOKENS of them fit.

     static float logits[M_VOCABULARY];
     P_init(&P_default);
     P_prefill(&P_default, prompt, promptTokens, logits);
     for (int64_t token = choose(logits); token != end; token = choose(logits))
       P_decode(&P_default, token, logits);

   Where a function does not return M_OK, nothing has changed. Each checks that its
   pointers are not null (M_ERROR_NULL) and that the context was initialised
   (M_ERROR_NOT_INITIALISED). No pointer is kept. */

)";

const char *const usageAll = R"(/* A session: the model takes tokens, one after another, and its context keeps what it
   needs of them. Positions count from 0; M_CONTEXT_TOKENS of them fit. Prefill
   gives the logits of every token (compiled with --logits all).

     float *logits = room for promptTokens * M_VOCABULARY floats;
     P_init(&P_default);
     P_prefill(&P_default, prompt, promptTokens, logits);
     int64_t token = choose(logits + (promptTokens - 1) * M_VOCABULARY);
     P_decode(&P_default, token, logits); // Logits of this token alone.

   Where a function does not return M_OK, nothing has changed. Each checks that its
   pointers are not null (M_ERROR_NULL) and that the context was initialised
   (M_ERROR_NOT_INITIALISED). No pointer is kept. */

)";

const char *const theRest = R"(/* Takes one token; logits: [M_VOCABULARY], of what comes after it.
   M_ERROR_CONTEXT_FULL, M_ERROR_TOKEN: as above. */
int P_decode(P_context *context, int64_t token, float *logits);

/* Tokens that the context holds, from 0 to M_CONTEXT_TOKENS; or, negative, a status:
   -M_ERROR_NULL, -M_ERROR_NOT_INITIALISED. */
int64_t P_length(const P_context *context);

/* Forgets everything, as P_init does, in no time. */
int P_reset(P_context *context);

/* Forgets the last `count` tokens; 0 are allowed.
   M_ERROR_COUNT: count is negative or more than P_length. */
int P_rollback(P_context *context, int64_t count);

/* Bytes that P_snapshot needs for the tokens that the context holds now, at most
   M_SNAPSHOT_BYTES_MAX; or, negative, a status as P_length has. */
int64_t P_snapshot_bytes(const P_context *context);

/* Writes what the context remembers to buffer[bytes], which needs no alignment:
   P_snapshot_bytes bytes, valid for this build of the program (P_build_id) and the
   same weights, on any machine of the same byte order.
   M_ERROR_BUFFER: bytes are too few. */
int P_snapshot(const P_context *context, void *buffer, int64_t bytes);

/* Makes the context what it was when the snapshot in buffer[bytes] was made; what
   follows gives the same bits as then. bytes may be more than the snapshot has.
   M_ERROR_BUFFER: bytes are fewer than it has. M_ERROR_SNAPSHOT: another program made
   it, or it is damaged; a checksum of all of it is compared first. */
int P_restore(P_context *context, const void *buffer, int64_t bytes);

)";

} // namespace

std::string sessionDeclarations(const Program &program, const EmitOptions &options) {
  const Session &session = *program.session;
  const SessionTable table = sessionTable(program, options.buildId);
  std::string text = "/* Tokens that a context has room for, and that there are. */\n#define M_CONTEXT_TOKENS " +
                     std::to_string(session.context) + "\n#define M_VOCABULARY " + std::to_string(session.vocabulary) +
                     "\n/* 1: prefill gives the logits of each token; 0: of the last. */\n#define M_ALL_LOGITS " +
                     std::to_string(session.allLogits) +
                     "\n/* Bytes of a snapshot of a full context. */\n#define M_SNAPSHOT_BYTES_MAX " +
                     std::to_string(largestSnapshot(program)) + "\n\n";
  std::string example = session.allLogits ? usageAll : usage;
  if (program.weightsApart)
    example.insert(example.find("P_init(&P_default") + 17, ", weights, weightBytes");
  text += example;
  text += comment(named("Takes tokens[count], each from 0 to M_VOCABULARY - 1. logits: " +
                            std::string(session.allLogits ? "[count, M_VOCABULARY], of what comes after each of them"
                                                          : "[M_VOCABULARY], of what comes after the last of them") +
                            ". Any count: " + cutting(program, table) +
                            ".\nM_ERROR_COUNT: count is less than 1. M_ERROR_CONTEXT_FULL: P_length and count are more "
                            "than M_CONTEXT_TOKENS. M_ERROR_TOKEN: a token is outside the vocabulary.",
                        options));
  text += "int P_prefill(P_context *context, const int64_t *tokens, int64_t count, float *logits);\n\n";
  text += theRest;
  return named(text, options);
}

std::string stepSignature(const EntryPoint &entry, const EmitOptions &options) {
  const std::string text = entrySignature(entry, options);
  return "static void" + text.substr(text.find(' '));
}

static std::string tables(const Program &program, const EmitOptions &options) {
  const SessionTable table = sessionTable(program, options.buildId);
  const int64_t state = contextLayout(program).state;
  const std::string inState = "(int64_t)offsetof(P_context, state) + ";
  std::ostringstream out;
  out << "static const glmc_session sessionTable = {\n    " << table.context << ", // context\n    " << table.vocabulary
      << ", // vocabulary\n    (int64_t)offsetof(P_context, ready), readyMark,\n    " << inState << table.length - state
      << ", // length\n    " << table.allLogits << ", // all_logits\n    " << table.padding
      << ", // padding\n    (int64_t)0x" << std::hex << uint64_t(table.layout) << std::dec << "u, // layout\n    "
      << table.cacheCount << ", // caches\n    " << table.stepCount << ", // steps\n    "
      << (table.position ? "(int64_t)offsetof(P_context, position), (int64_t)offsetof(P_context, run)" : "0, 0")
      << ", // Of runs in pieces.\n    {";
  for (int64_t i = 0; i < table.stepCount; ++i)
    out << (i ? ", " : "") << table.steps[i];
  out << "}};\n\n// Offset, heads, rows of each, bytes of a row.\nstatic const glmc_session_cache sessionCaches[] = "
         "{\n";
  const std::vector<SessionCache> caches = cacheTable(program);
  for (size_t i = 0; i < caches.size(); ++i)
    out << commentLines(program.states[program.session->caches[i]].name, "    // ") << "    {" << inState
        << caches[i].offset - state << ", " << caches[i].heads << ", " << caches[i].room << ", " << caches[i].rowBytes
        << "},\n";
  out << "};\n";
  return named(out.str(), options);
}

std::string sessionTables(const Program &program, const EmitOptions &options) {
  std::string text = "#define GLMC_SESSION_LINKAGE static\n" + runtimePiece("session.h", "session_types") + "\n" +
                     runtimePiece("session.cpp", "session") +
                     (program.resumable ? "\n" + runtimePiece("session.cpp", "session_pieces") : "") +
                     "#undef GLMC_SESSION_LINKAGE\n\n";
  text += "static void runStep(void *storage, int step, const int64_t *tokens, const int64_t *last, float *logits) {\n"
          "  " +
          options.prefix + "_context *const context = (" + options.prefix + "_context *)storage;\n  switch (step) {\n";
  bool choosesRow = false;
  for (size_t i = 0; i < program.session->steps.size(); ++i) {
    const EntryPoint &entry = program.entryPoints[program.session->steps[i].entry];
    choosesRow |= entry.inputs.size() > 1;
    text += "  case " + std::to_string(i) + ":\n    " + options.prefix + "_" + entry.name + "(context, tokens, " +
            (entry.inputs.size() > 1 ? "last, " : "") + "logits);\n    break;\n";
  }
  text += choosesRow ? "  }\n}\n\n" : "  }\n  (void)last;\n}\n\n";
  return text + tables(program, options);
}

std::string sessionFunctions(const Program &program, const EmitOptions &options) {
  const SessionTable table = sessionTable(program, options.buildId);
  std::string text = "int P_prefill(P_context *context, const int64_t *tokens, int64_t count, float *logits) {\n";
  if (table.padding)
    text += "  int64_t padding[" + std::to_string(table.padding) + "];\n";
  text += std::string("  return glmc_session_prefill(&sessionTable, runStep, context, tokens, count, logits, ") +
          (table.padding ? "padding" : "0") + ");\n}\n\n";
  text += R"(int P_decode(P_context *context, int64_t token, float *logits) {
  return glmc_session_decode(&sessionTable, runStep, context, token, logits);
}

int64_t P_length(const P_context *context) { return glmc_session_length(&sessionTable, context); }

int P_reset(P_context *context) { return glmc_session_reset(&sessionTable, context); }

int P_rollback(P_context *context, int64_t count) {
  return glmc_session_rollback(&sessionTable, context, count);
}

int64_t P_snapshot_bytes(const P_context *context) {
  return glmc_session_snapshot_bytes(&sessionTable, sessionCaches, context);
}

int P_snapshot(const P_context *context, void *buffer, int64_t bytes) {
  return glmc_session_snapshot(&sessionTable, sessionCaches, context, buffer, bytes);
}

int P_restore(P_context *context, const void *buffer, int64_t bytes) {
  return glmc_session_restore(&sessionTable, sessionCaches, context, buffer, bytes);
}
)";
  return named(text, options);
}

std::string cacheLines(const Program &program) {
  std::string text;
  for (const CacheGroup &group : cacheGroups(program))
    text += "  cache    " + group.letters() + " = " + group.formula() + " = " + std::to_string(group.bytes) +
            " of the state, " + group.element + "\n";
  return text;
}

} // namespace glmc::source
