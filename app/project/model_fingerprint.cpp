#include "app/project/model_fingerprint.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <vector>

#include <QCryptographicHash>

#include "app/files/file_error.h"

namespace longtake {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kWholeBytes = 64ull << 20;
constexpr uint64_t kEdgeBytes = 1ull << 20;
constexpr uint64_t kPieceBytes = 64ull << 10;
constexpr uint64_t kPieces = 254;

bool addRange(QCryptographicHash& hash, std::ifstream& file, uint64_t begin, uint64_t bytes) {
    std::vector<char> buffer(static_cast<size_t>(std::min(bytes, kEdgeBytes)));
    file.seekg(static_cast<std::streamoff>(begin));
    while (bytes > 0) {
        const size_t count = static_cast<size_t>(std::min<uint64_t>(bytes, buffer.size()));
        if (!file.read(buffer.data(), static_cast<std::streamsize>(count))) return false;
        hash.addData(QByteArrayView(buffer.data(), static_cast<qsizetype>(count)));
        bytes -= count;
    }
    return true;
}

bool addContent(QCryptographicHash& hash, std::ifstream& file, uint64_t size) {
    if (size <= kWholeBytes) return addRange(hash, file, 0, size);
    if (!addRange(hash, file, 0, kEdgeBytes) || !addRange(hash, file, size - kEdgeBytes, kEdgeBytes)) return false;
    const uint64_t stride = (size - 2 * kEdgeBytes) / kPieces;
    for (uint64_t i = 0; i < kPieces; ++i) {
        if (!addRange(hash, file, kEdgeBytes + i * stride, kPieceBytes)) return false;
    }
    return true;
}

}  // namespace

Result<std::string> modelFingerprint(const std::string& folder) {
    std::error_code failure;
    std::vector<fs::path> files;
    for (fs::directory_iterator it(folder, failure), end; !failure && it != end; it.increment(failure)) {
        if (it->is_regular_file(failure)) files.push_back(it->path());
    }
    if (failure) return fileError("read the model", folder, failure.value());
    std::sort(files.begin(), files.end());
    QCryptographicHash hash(QCryptographicHash::Sha256);
    for (const fs::path& path : files) {
        const uint64_t size = fs::file_size(path, failure);
        std::ifstream file(path, std::ios::binary);
        const std::string header = path.filename().string() + '\n' + std::to_string(size) + '\n';
        hash.addData(QByteArrayView(header.data(), static_cast<qsizetype>(header.size())));
        if (failure || !file || !addContent(hash, file, size)) return fileError("read", path.string(), EIO);
    }
    return hash.result().toHex().toStdString();
}

}  // namespace longtake
