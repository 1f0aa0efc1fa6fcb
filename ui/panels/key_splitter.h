// A splitter whose dividers the keyboard reaches and moves: Tab, then the arrows.
//
// Owner:  its parent widget.
// Thread: GUI thread.
#pragma once

#include <QSplitter>

namespace longtake {

class KeySplitter final : public QSplitter {
    Q_OBJECT

public:
    using QSplitter::QSplitter;

protected:
    QSplitterHandle* createHandle() override;
};

}  // namespace longtake
