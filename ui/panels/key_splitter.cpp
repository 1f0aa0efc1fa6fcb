#include "ui/panels/key_splitter.h"

#include <QKeyEvent>
#include <QPainter>

#include "ui/theme/colours.h"

namespace longtake {
namespace {

constexpr int kStep = 16;  // pixels for one press

class KeyHandle final : public QSplitterHandle {
public:
    KeyHandle(Qt::Orientation orientation, QSplitter* splitter) : QSplitterHandle(orientation, splitter) {
        setFocusPolicy(Qt::TabFocus);
        setAccessibleName(KeySplitter::tr("Divider"));
        setAccessibleDescription(KeySplitter::tr("Arrow keys move it."));
    }

protected:
    void keyPressEvent(QKeyEvent* event) override {
        const bool sideways = orientation() == Qt::Horizontal;
        const int here = sideways ? x() : y();
        if (event->key() == (sideways ? Qt::Key_Left : Qt::Key_Up)) moveSplitter(here - kStep);
        else if (event->key() == (sideways ? Qt::Key_Right : Qt::Key_Down)) moveSplitter(here + kStep);
        else QSplitterHandle::keyPressEvent(event);
    }

    void paintEvent(QPaintEvent*) override {
        if (!hasFocus()) return;
        const bool sideways = orientation() == Qt::Horizontal;
        const QRect line = sideways ? QRect(width() / 2 - 1, 0, 2, height()) : QRect(0, height() / 2 - 1, width(), 2);
        QPainter(this).fillRect(line, coloursFor(*this).accent);
    }

    void focusInEvent(QFocusEvent* event) override {
        QSplitterHandle::focusInEvent(event);
        update();
    }

    void focusOutEvent(QFocusEvent* event) override {
        QSplitterHandle::focusOutEvent(event);
        update();
    }
};

}  // namespace

QSplitterHandle* KeySplitter::createHandle() { return new KeyHandle(orientation(), this); }

}  // namespace longtake
