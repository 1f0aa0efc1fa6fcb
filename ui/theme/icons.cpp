#include "ui/theme/icons.h"

#include <QApplication>
#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

#include "ui/theme/colours.h"

namespace longtake {
namespace {

// The drawings are black; black becomes the ink of the moment, so a change of palette needs no reload.
class InkedSvg final : public QIconEngine {
public:
    InkedSvg(QByteArray drawing, IconInk ink) : drawing_(std::move(drawing)), ink_(ink) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QByteArray inked = drawing_;
        inked.replace("#000", colour(mode).name().toLatin1());
        QSvgRenderer renderer(inked);
        renderer.setAspectRatioMode(Qt::KeepAspectRatio);
        renderer.render(painter, rect);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap picture(size);
        picture.fill(Qt::transparent);
        QPainter painter(&picture);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return picture;
    }

    QIconEngine* clone() const override { return new InkedSvg(drawing_, ink_); }

private:
    QColor colour(QIcon::Mode mode) const {
        const Colours& c = coloursFor(QApplication::palette());
        if (mode == QIcon::Disabled) return mixed(c.panel, c.dim, 0.55);
        return ink_ == IconInk::Record ? c.now : ink_ == IconInk::OnAccent ? c.onAccent : c.text;
    }

    QByteArray drawing_;
    IconInk ink_;
};

}  // namespace

QIcon icon(const QString& name, IconInk ink) {
    QFile file(":/longtake/icons/" + name + ".svg");
    if (!file.open(QIODevice::ReadOnly)) return {};
    return QIcon(new InkedSvg(file.readAll(), ink));
}

}  // namespace longtake
