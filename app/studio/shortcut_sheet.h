// The sheet of all shortcuts.
//
// Owner:  its parent; deletes itself when closed.
// Thread: GUI thread.
#pragma once

#include <QDialog>

namespace longtake {

class ShortcutSheet final : public QDialog {
    Q_OBJECT

public:
    explicit ShortcutSheet(QWidget* parent = nullptr);
};

}  // namespace longtake
