// Carries the precompiled headers; see GlmcLibrary.cmake.
