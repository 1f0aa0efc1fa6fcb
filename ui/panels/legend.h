// Legend: what the colours of a plot stand for, on one line.
//
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <vector>

#include <QWidget>

#include "ui/plots/ink.h"

namespace longtake {

class Legend final : public QWidget {
    Q_OBJECT

public:
    enum class Mark { Box, Tick, Line };
    struct Entry {
        Ink ink = Ink::Dim;
        Mark mark = Mark::Box;
        QString text;
    };

    explicit Legend(std::vector<Entry> entries, QWidget* parent = nullptr);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {60, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    std::vector<Entry> entries_;
};

}  // namespace longtake
