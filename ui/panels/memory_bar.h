// MemoryBar: a plan's parts as pieces of what is there.
//
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <QWidget>

#include "ui/panels/session_values.h"

namespace longtake {

class MemoryBar final : public QWidget {
    Q_OBJECT

public:
    explicit MemoryBar(QWidget* parent = nullptr);
    void setPlan(const MemoryPlanValues& plan);
    QSize sizeHint() const override { return {120, 10}; }
    QSize minimumSizeHint() const override { return {60, 10}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    MemoryPlanValues plan_;
};

}  // namespace longtake
