#include "app/files/file_error.h"

#include <cerrno>
#include <cstring>

namespace longtake {
namespace {

std::string reasonAndAdvice(int errorNumber) {
    switch (errorNumber) {
        case ENOSPC:
        case EDQUOT: return "the disk is full; free some space or choose another disk";
        case EACCES:
        case EPERM: return "this user may not do that there; choose another folder or change its permissions";
        case EROFS: return "the disk is read-only; choose another folder";
        case ENOENT: return "there is no such file or folder; check the name or create the folder first";
        case ENOTDIR: return "a part of the path is a file, not a folder; check the name";
        case EISDIR: return "that is a folder; give the name of a file";
        case EFBIG: return "the file would become larger than is allowed here; choose another disk or a shorter take";
        case ENAMETOOLONG: return "the name is too long; choose a shorter one";
        case ELOOP: return "its links lead back to themselves; remove them or choose another place";
        case EMFILE:
        case ENFILE: return "too many files are open; close other programs and try again";
        default: return std::string(std::strerror(errorNumber)) + "; choose another place and try again";
    }
}

}  // namespace

Error fileError(const std::string& doing, const std::string& path, int errorNumber) {
    return Error{"cannot " + doing + " " + printable(path) + ": " + reasonAndAdvice(errorNumber)};
}

std::string printable(const std::string& text) {
    std::string line = text;
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return line;
}

}  // namespace longtake
