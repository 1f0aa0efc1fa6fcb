// A libcuda.so.1 that starts and then says no: FAKE_DRIVER_VERSION is what it supports, FAKE_DRIVER_STATUS what cuInit answers.
// Everything else it has not got.
#include <cstring>

extern "C" {

int cuInit(unsigned) { return FAKE_DRIVER_STATUS; }
int cuDriverGetVersion(int* version) {
    *version = FAKE_DRIVER_VERSION;
    return 0;
}
int cuDeviceGetCount(int* count) {
    *count = 0;
    return 0;
}
int notThere() { return 801; }

int cuGetProcAddress_v2(const char* name, void** function, int, unsigned long long, int* found) {
    *function = reinterpret_cast<void*>(&notThere);
    if (std::strcmp(name, "cuInit") == 0) *function = reinterpret_cast<void*>(&cuInit);
    if (std::strcmp(name, "cuDriverGetVersion") == 0) *function = reinterpret_cast<void*>(&cuDriverGetVersion);
    if (std::strcmp(name, "cuDeviceGetCount") == 0) *function = reinterpret_cast<void*>(&cuDeviceGetCount);
    if (std::strncmp(name, "cuGetProcAddress", 16) == 0) *function = reinterpret_cast<void*>(&cuGetProcAddress_v2);
    if (found) *found = 0;
    return 0;
}
int cuGetProcAddress(const char* name, void** function, int version, unsigned long long flags) {
    return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}
int cuGetExportTable(const void** table, const void*) {
    *table = nullptr;
    return 500;
}
}
