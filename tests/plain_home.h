// A home of its own for a test that opens windows: nothing of the user's is read or written.
//
// Thread: GUI thread, before the first window.
#pragma once

#include <QTemporaryDir>

inline void useAsHome(const QTemporaryDir& folder) {
    qputenv("HOME", folder.path().toUtf8());
    qputenv("XDG_DATA_HOME", folder.filePath("data").toUtf8());
    qputenv("XDG_CONFIG_HOME", folder.filePath("config").toUtf8());
}
