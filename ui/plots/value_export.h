// Values and pictures of a plot, out to a file.
//
// Thread: tables and files anywhere; pictures of widgets on the GUI thread.
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>
#include <QStringList>

#include "engine/result.h"

class QWidget;

namespace longtake {

struct ValueTable {
    QStringList columns;
    QList<QStringList> rows;  // figures with a point, whatever the user's language

    // RFC 4180: commas, quotes where needed, CRLF.
    QByteArray csv() const;
};

// The figure as a program reads it back: the shortest text that gives the same number again.
QString plainNumber(double value);

// Completely or not at all; the message names the file.
Result<void> saveBytes(const QString& path, const QByteArray& bytes);
// The widget as it stands, at twice its size, on its own background.
Result<void> savePicture(QWidget& widget, const QString& path);

}  // namespace longtake
