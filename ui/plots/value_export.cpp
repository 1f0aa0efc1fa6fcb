#include "ui/plots/value_export.h"

#include <QBuffer>
#include <QCoreApplication>
#include <QImage>
#include <QLocale>
#include <QPainter>
#include <QSaveFile>
#include <QWidget>

#include "ui/theme/colours.h"

namespace longtake {
namespace {

QByteArray field(const QString& text) {
    const bool plain = !text.contains(',') && !text.contains('"') && !text.contains('\n') && !text.contains('\r');
    return plain ? text.toUtf8() : '"' + QString(text).replace('"', QLatin1String("\"\"")).toUtf8() + '"';
}

QByteArray line(const QStringList& fields) {
    QByteArrayList parts;
    for (const QString& one : fields) parts += field(one);
    return parts.join(',') + "\r\n";
}

}  // namespace

QByteArray ValueTable::csv() const {
    QByteArray text = line(columns);
    for (const QStringList& row : rows) text += line(row);
    return text;
}

QString plainNumber(double value) { return QString::number(value, 'g', QLocale::FloatingPointShortest); }

namespace {

struct ValueExport {
    Q_DECLARE_TR_FUNCTIONS(longtake::ValueExport)
};

}  // namespace

Result<void> saveBytes(const QString& path, const QByteArray& bytes) {
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return Error{ValueExport::tr("‘%1’ cannot be written. Choose another folder, or free some space.").arg(path).toStdString()};
    return {};
}

Result<void> savePicture(QWidget& widget, const QString& path) {
    constexpr int kScale = 2;
    QImage picture(widget.size() * kScale, QImage::Format_RGB32);
    picture.setDevicePixelRatio(kScale);
    picture.fill(coloursFor(widget).panel);
    QPainter painter(&picture);
    widget.render(&painter, QPoint(), QRegion(), QWidget::DrawChildren);
    painter.end();
    QByteArray bytes;
    QBuffer buffer(&bytes);
    if (!picture.save(&buffer, "PNG"))
        return Error{ValueExport::tr("‘%1’ cannot be written: the picture is empty.").arg(path).toStdString()};
    return saveBytes(path, bytes);
}

}  // namespace longtake
