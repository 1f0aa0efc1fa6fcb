// What starts a test that opens windows and fills a disk.
#pragma once

#include <QApplication>
#include <QTemporaryDir>
#include <QTest>

#include "tests/small_disk.h"

// The main() of a window test whose static `disk` names such a disk; it stays empty where there is none.
template <typename Test>
int runWithSmallDisk(int argc, char** argv) {
    QTemporaryDir folder;
    if (mountSmallDisk(folder.path().toStdString(), "96k")) Test::disk = folder.path();
    QApplication application(argc, argv);
    Test test;
    const int failed = QTest::qExec(&test, argc, argv);
    if (!Test::disk.isEmpty()) ::umount2(folder.path().toStdString().c_str(), MNT_DETACH);
    return failed;
}
