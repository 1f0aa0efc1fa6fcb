// The matrix library of another release: one of the functions wanted, and not the others.
extern "C" [[gnu::visibility("default")]] int cublasLtCreate(void**) { return 0; }
