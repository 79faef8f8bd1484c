# `cmake --install` and find_package(glmc).
install(TARGETS glmc RUNTIME DESTINATION bin)
