// Exists so that the tests' common headers are compiled once (tests/CMakeLists.txt).
